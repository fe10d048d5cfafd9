"""An S3 object store of this machine, by moto, that lists what it was asked for."""

import logging
import re
import urllib.request

from moto.server import ThreadedMotoServer

KEY, SECRET = "an-invented-key", "an-invented-secret"
REQUEST = re.compile(r'"(?:\x1b\[[\d;]*m)?([A-Z]+) (\S+) HTTP')


class ObjectStore(logging.Handler):
    """A running object store; a handler of its server's log.

    Attributes:
        endpoint: its URL.
        requests: (method, path) of each request so far.
    """

    def __init__(self):
        super().__init__()
        self.requests = []
        self._buckets = set()
        self._log = logging.getLogger("werkzeug")
        self._log.addHandler(self)
        self._log.setLevel(logging.INFO)
        self._log.propagate = False
        self._server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"

    def emit(self, record):
        """Take a line of the server's log."""
        if found := REQUEST.search(record.getMessage()):
            self.requests.append(found.groups())

    def stop(self):
        """End the server."""
        self.forget(lambda opened: True)
        self._server.stop()
        self._log.removeHandler(self)

    @staticmethod
    def forget(is_meant):
        """Close filesystems of s3fs that fsspec keeps open."""
        import s3fs

        for token, opened in [*s3fs.S3FileSystem._cache.items()]:
            if is_meant(opened):
                if opened._s3 is not None:
                    s3fs.S3FileSystem.close_session(opened.loop, opened._s3)
                del s3fs.S3FileSystem._cache[token]

    @property
    def options(self):
        """What a dataset needs to reach it; an endpoint that is gone fails at once."""
        return {
            "credentials": {"key": KEY, "secret": SECRET},
            "fs_args": {
                "client_kwargs": {"endpoint_url": self.endpoint},
                "config_kwargs": {"retries": {"max_attempts": 0}},
            },
        }

    @property
    def environment(self):
        """The same as environment variables, and nothing of the user's own."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def open(self):
        """Give the filesystem of s3fs."""
        import s3fs

        own = self.options
        return s3fs.S3FileSystem(**own["credentials"], **own["fs_args"])

    def connect(self):
        """Give a client of AWS's own library; s3fs has no keys with two slashes."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )

    def put(self, place, content):
        """Store an object under bucket/key; the bucket is made."""
        filesystem = self.open()
        bucket = place.partition("/")[0]
        if bucket not in self._buckets:
            filesystem.mkdir(bucket)
            self._buckets.add(bucket)
        filesystem.pipe_file(place, content)

    def remove(self, place):
        """Remove an object."""
        self.open().rm_file(place)

    def count_reads(self):
        """Count the objects that were read since this was asked last."""
        reads = [
            path
            for method, path in self.requests
            if method == "GET" and "list-type" not in path
        ]
        self.requests.clear()
        return len(reads)

    def check_credentials(self, wanted):
        """Let the store check who asks, or not; nobody has rights."""
        free = 0 if wanted else 10**9
        request = urllib.request.Request(  # noqa: S310 # of this machine
            f"{self.endpoint}/moto-api/reset-auth",
            str(free).encode(),
            {"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()  # noqa: S310

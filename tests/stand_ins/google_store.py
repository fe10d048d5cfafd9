"""What gcsfs asks of Google Cloud Storage to list and read objects, on this machine."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 2  # objects in one answer


class GoogleStore:
    """A running store of one bucket.

    Attributes:
        endpoint: its URL.
        objects: key -> content.
        reads: keys that were read so far.
    """

    def __init__(self):
        self.objects = {}
        self.reads = []
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                url = urlsplit(self.path)
                parts = url.path.split("/")  # "", storage, v1, b, bucket, o, key
                query = {name: one[0] for name, one in parse_qs(url.query).items()}
                self.answer(*store.answer(parts, query))

            def answer(self, status, content):
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self):
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, parts, query):
        """Give the status and the content of an answer."""
        if parts[1] == "download":
            key = unquote(parts[7])
            self.reads.append(key)
            return 200, self.objects[key]
        if parts[4] != "album":
            return 404, json.dumps({"error": {"code": 404, "message": "no"}}).encode()
        if len(parts) == 6:
            return 200, json.dumps(self._list(query)).encode()
        key = unquote(parts[6])
        if key not in self.objects:
            return 404, json.dumps({"error": {"code": 404, "message": "no"}}).encode()
        return 200, json.dumps(self._describe(key)).encode()

    def _list(self, query):
        """Give a page of the objects below a prefix, and the folders there."""
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
        items, prefixes = [], set()
        for key in sorted(self.objects):
            inner = key.removeprefix(prefix)
            if not key.startswith(prefix):
                continue
            if delimiter and delimiter in inner:
                prefixes.add(prefix + inner.partition(delimiter)[0] + delimiter)
            else:
                items.append(self._describe(key))
        start = int(query.get("pageToken", 0))
        answer = {
            "kind": "storage#objects",
            "items": items[start : start + PAGE],
            "prefixes": sorted(prefixes),
        }
        if start + PAGE < len(items):
            answer["nextPageToken"] = str(start + PAGE)
        return answer

    def _describe(self, key):
        """Give the metadata of an object; a composite one, `*.png`, has no MD5."""
        content = self.objects[key]
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        summary = base64.b64encode(digest).decode()
        checksums = (
            {"crc32c": summary[:8], "generation": str(int.from_bytes(digest[:6]))}
            if key.endswith(".png")
            else {"md5Hash": summary, "crc32c": summary[:8], "generation": "1"}
        )
        named = {"kind": "storage#object", "name": key, "bucket": "album"}
        return {**named, "size": str(len(content)), **checksums}

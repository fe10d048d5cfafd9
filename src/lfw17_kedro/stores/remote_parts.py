"""A folder of parts in an object store, or wherever else fsspec reaches."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import Any

from lfw17_kedro.messages import one_line
from lfw17_kedro.photos.readers import describe_remote, find_local, open_filesystem
from lfw17_kedro.stores.part_folder import (
    CARD,
    DAMAGED,
    NAME,
    LocalParts,
    PartFolder,
)

# There a key with slashes needs no folders; to make one might make a bucket.
WITHOUT_FOLDERS = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "oci"}
TRIAL = "can-be-written"
MISSING = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class RemoteError(OSError):
    """An object store is out of reach; the message says which, and what to do."""


class RemoteParts(PartFolder):
    """Parts in an object store, where a file is whole or not there.

    A part counts from the moment its `CARD` is there. Who writes a part at the same
    time on a machine of the same kind writes the same bytes. Those of another kind may
    mix: then the card does not fit, and the part is damaged.

    All methods raise `RemoteError` if the store is out of reach, and FileNotFoundError
    if it says that an object is not there.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        """Name the folder.

        Args:
            url: of a protocol that fsspec knows, for example s3://bucket/folder.
            options: of the filesystem: endpoint, credentials.

        Raises:
            ValueError: nothing is installed for the protocol.
        """
        self._url = url.rstrip("/")
        try:
            with self._explaining():
                self._files, self._root = open_filesystem(url, options)
        except RemoteError as error:
            if not isinstance(error.__cause__, ImportError | ValueError):
                raise
            raise ValueError(
                f"expected a folder or a URL that can be opened, got {url}: "
                f"{one_line(error.__cause__)}; install what its protocol needs."
            ) from error.__cause__

    def list_names(self) -> list[str]:
        """List the folders that have a card, with fresh entries."""
        with self._explaining():
            self._files.invalidate_cache()
            try:
                found = self._files.find(self._root)
            except FileNotFoundError:
                return []
            finally:
                self._files.invalidate_cache()  # it keeps a copy of all entries
        paths = (one.removeprefix(self._root).strip("/").split("/") for one in found)
        return sorted(
            path[0] for path in paths if path[1:] == [CARD] and NAME.fullmatch(path[0])
        )

    def prepare(self) -> None:
        """Write an object and remove it, of a name that no other run uses."""
        trial = self._join(f"{TRIAL}-{secrets.token_hex(4)}")
        with self._explaining(but=()):
            self._make_folder("")
            self._files.pipe_file(trial, b"")
            self._files.rm_file(trial)

    def read(self, name: str, file: str) -> bytes:
        """Read an object."""
        with self._explaining():
            content: bytes = self._files.cat_file(self._join(name, file))
        return content

    def measure(self, name: str, file: str) -> int:
        """Give the size of an object."""
        with self._explaining():
            return int(self._files.size(self._join(name, file)))

    def write(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write the objects, the card last."""
        if self.is_whole(name):
            return
        with self._explaining(but=()):
            self._make_folder(name)
            for file, content in sorted(files.items(), key=lambda one: one[0] == CARD):
                self._files.pipe_file(self._join(name, file), content)
            self._files.invalidate_cache()

    def set_aside(self, name: str) -> bool:
        """Move the objects; the card first, so that the part counts no more."""
        with self._explaining():
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._join(name), detail=False)
            except FileNotFoundError:
                return False
            files = [PurePosixPath(one).name for one in found]
            self._make_folder(name + DAMAGED)
            for file in sorted(files, key=lambda one: one != CARD):
                with suppress(FileNotFoundError):  # another process was faster
                    # Not `mv`, which takes `[` in a name for a pattern.
                    place = self._join(name, file)
                    self._files.cp_file(place, self._join(name + DAMAGED, file))
                    self._files.rm_file(place)
            self._files.invalidate_cache()
        return bool(files)

    def locate(self, name: str) -> str:
        """Give the URL."""
        return f"{self._url}/{name}"

    def _join(self, *parts: str) -> str:
        """Give the key of a part or of a file of it."""
        return "/".join([self._root, *parts])

    def _make_folder(self, name: str) -> None:
        """Make the folder of a part, under protocols that need one."""
        protocol = self._files.protocol
        names = {protocol} if isinstance(protocol, str) else {*protocol}
        if not names & WITHOUT_FOLDERS:
            self._files.makedirs(self._join(name), exist_ok=True)

    @contextmanager
    def _explaining(self, but: tuple[type[OSError], ...] = MISSING) -> Iterator[None]:
        """Say on one line what a protocol's library found wrong.

        Args:
            but: errors that say something of an object, which are left alone.

        Raises:
            RemoteError: the store is out of reach.
        """
        try:
            yield
        except but:
            raise
        except Exception as error:  # each protocol has errors of its own
            raise RemoteError(
                f"expected {self._url} to be within reach, got: "
                f"{describe_remote(error)}; check URL, network, credentials and "
                "fs_args (docs/people.md, Photos elsewhere, says how), and run again."
            ) from error


def open_parts(
    folder: str, fingerprint: str, options: Mapping[str, Any] | None = None
) -> PartFolder:
    """Open the parts of a fingerprint.

    Args:
        folder: path, or a URL with a protocol, of all fingerprints.
        fingerprint: the folder inside.
        options: of the URL's filesystem.

    Raises:
        ValueError: a URL that nothing is installed for.
        RemoteError: a URL that cannot be opened.
    """
    if (path := find_local(folder)) is not None:
        return LocalParts(path / fingerprint)
    return RemoteParts(f"{folder.rstrip('/')}/{fingerprint}", options or {})

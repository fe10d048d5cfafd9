"""What lies under a URL: in an object store, or wherever else fsspec reaches."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from kedro.io import DatasetError

from lfw17_kedro.messages import advise_extra, one_line
from lfw17_kedro.photos.readers import describe_remote, open_filesystem

logger = logging.getLogger(__name__)

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}  # protocol -> our extra
CHUNK = 32 * 2**20  # bytes of a file in memory while it is hashed
HELP = "docs/people.md, Photos elsewhere, says how"


class RemoteFile(NamedTuple):
    """A file under a URL.

    Attributes:
        path: from the URL's folder.
        size: bytes; None where the listing does not say.
        checksum: of the content, as the listing has it; "" if it has none.
    """

    path: str
    size: int | None
    checksum: str


class RemoteFolder:
    """A folder under a URL."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        """Open the filesystem; most protocols connect later.

        Args:
            url: of the folder.
            options: of fsspec's filesystem.

        Raises:
            DatasetError: the protocol, its package or an option is wrong.
        """
        if problem := explain_protocol(url):
            raise DatasetError(problem)
        self.url = url
        self._options = options
        try:
            self._filesystem, self._root = open_filesystem(url, options)
        except Exception as error:
            refuse(url, error)

    def exists(self) -> bool:
        """Tell whether something is there.

        Raises:
            DatasetError: it cannot be reached.
        """
        try:
            self._filesystem.invalidate_cache()
            return bool(self._filesystem.exists(self._root))
        except Exception as error:
            refuse(self.url, error)

    def walk(self) -> Iterator[RemoteFile]:
        """List all files that are not hidden, in no order, with fresh entries.

        The folder's own folders are listed one after the other, each with all that it
        holds at once: that takes few requests, and the entries of no more than one of
        them in memory.

        Raises:
            DatasetError: nothing is there, or it cannot be listed.
        """
        try:
            yield from self._walk()
        except Exception as error:
            refuse(self.url, error)
        finally:
            self._filesystem.invalidate_cache()

    def measure(self, file: RemoteFile) -> int | None:
        """Give the size of a file in bytes, None if the store does not know it.

        Raises:
            Exception: of the protocol's library; the store cannot be asked.
        """
        filesystem, root = open_filesystem(self.url, self._options)  # of this thread
        size: int | None = filesystem.size(f"{root}/{file.path}")
        return size

    def hash_file(self, file: RemoteFile) -> str:
        """Give the SHA-256 of a file, hexadecimal.

        Raises:
            Exception: of the protocol's library; the file cannot be read.
        """
        filesystem, root = open_filesystem(self.url, self._options)  # of this thread
        place = f"{root}/{file.path}"
        if file.size is None or file.size <= CHUNK:
            return hashlib.sha256(filesystem.cat_file(place)).hexdigest()
        digest = hashlib.sha256()
        for start in range(0, file.size, CHUNK):
            end = min(start + CHUNK, file.size)
            digest.update(filesystem.cat_file(place, start=start, end=end))
        return digest.hexdigest()

    def _walk(self) -> Iterator[RemoteFile]:
        """List all files."""
        self._filesystem.invalidate_cache()
        for entry in self._filesystem.ls(self._root, detail=True):
            name = entry["name"].rstrip("/")
            if name == self._root:
                self._check_itself(entry)
            elif entry["type"] != "directory":
                yield from self._describe([entry])
            elif not _is_hidden(self._shorten(name)):
                inside = self._filesystem.find(name, detail=True)
                self._filesystem.invalidate_cache()  # it keeps a copy of all entries
                yield from self._describe(inside.values())

    def _check_itself(self, entry: Mapping[str, Any]) -> None:
        """Look at an entry of the listing that has the folder's own name."""
        is_folder, has_slash = entry["type"] == "directory", entry["name"][-1] == "/"
        if not is_folder and not has_slash:  # with a slash, a mark that it is a folder
            raise NotADirectoryError("a file; name the folder that the file lies in")
        if is_folder and has_slash and self.url.partition("://")[0] in EXTRAS:
            logger.warning(
                "%s: the photos in a folder without a name are left out (keys with two "
                "slashes, such as %s//photo.jpg); rename them.",
                self.url,
                self._root.rpartition("/")[2],
            )

    def _describe(self, entries: Iterable[Mapping[str, Any]]) -> Iterator[RemoteFile]:
        """Keep what counts of fsspec's entries."""
        for entry in entries:
            path = self._shorten(entry["name"])
            if not _is_hidden(path) and not path.endswith("/"):
                checksum = find_checksum(self._filesystem.protocol, entry)
                yield RemoteFile(path, entry.get("size"), checksum)

    def _shorten(self, name: str) -> str:
        """Give the path from the folder; a name in an archive has no slash before."""
        return name.removeprefix(self._root).removeprefix("/")


def find_checksum(protocol: str | tuple[str, ...], entry: Mapping[str, Any]) -> str:
    """Give what a store's listing says of the content of a file, "" if nothing.

    Two entries of a path with equal checksums have the same content. Times and sizes do
    not show that, and neither do the ETags of web servers, which are made of them.

    Args:
        protocol: of fsspec's filesystem.
        entry: of its listing.

    Source: Amazon S3 API Reference, Object: "The ETag reflects changes only to the
    contents of an object, not its metadata." Cloud Storage JSON API, Objects: md5Hash,
    which composite objects lack; a CRC32C alone has 32 bits, the generation is another
    for each content.
    """
    protocols = {protocol} if isinstance(protocol, str) else {*protocol}
    if "s3" in protocols:
        etag = str(entry.get("ETag") or "")
        return "" if etag.startswith("W/") else etag.strip('"')
    if "gs" in protocols:
        if entry.get("md5Hash"):
            return str(entry["md5Hash"])
        if entry.get("crc32c") and entry.get("generation"):
            return f"{entry['crc32c']} {entry['generation']}"
    return ""


def explain_protocol(url: str) -> str:
    """Say why a URL cannot be opened on this machine, "" if it can."""
    from fsspec.registry import get_filesystem_class

    for part in url.split("::"):
        protocol = part.partition("://")[0]
        try:
            get_filesystem_class(protocol)
        except ImportError as error:
            extra = EXTRAS.get(protocol)
            advice = (
                f"run {advise_extra(extra)}"
                if extra
                else f"install it ({one_line(error)})"
            )
            return (
                f"expected the package that reads {protocol}://, found none; {advice}."
            )
        except ValueError:
            return (
                "expected a folder, or a URL of a protocol that fsspec knows, such as "
                f"s3:// or gs://, got {one_line(url)}; correct it."
            )
    return ""


def refuse(url: str, error: Exception) -> NoReturn:
    """End with one line instead of the error of a protocol's library.

    Raises:
        DatasetError: always.
    """
    logger.debug("%s: %s", url, error, exc_info=error)
    if isinstance(error, FileNotFoundError):
        found = "nothing there, no such bucket or folder; correct the URL"
    elif isinstance(error, NotADirectoryError):
        found = str(error)
    elif isinstance(error, PermissionError) or "Credential" in type(error).__name__:
        found = f"{describe_remote(error)}; check the credentials: {HELP}"
    else:
        found = (
            f"{describe_remote(error)}; check the endpoint, the network, fs_args and "
            f"the credentials: {HELP}"
        )
    raise DatasetError(f"expected photos at {url}, got: {found}.") from None


def _is_hidden(path: str) -> bool:
    """Tell hidden files and those of hidden folders."""
    return any(part.startswith(".") for part in path.split("/"))

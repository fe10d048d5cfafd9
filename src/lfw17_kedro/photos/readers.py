"""Read the photos of a folder or of a bucket, in any process.

A reader says where the photos are, and no more. What it needs to reach them it opens in
the process that calls it. fsspec keeps what is open: once for all threads where that is
safe, else for each thread, and never across a fork.
"""

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from fsspec.core import strip_protocol

from lfw17_kedro.messages import describe_error, one_line
from lfw17_kedro.photo_types import PhotoFile

# A FIFO that took a file's place would else wait for somebody to write.
OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# Of a photo: the largest that is decoded has 1.6 GB in 4 channels of 16 bits.
# A photo is in memory when it is decoded, and a video may have the ending of one.
MAX_BYTES = 2 << 30
LOCAL = ("file://", "local://")
URL = re.compile(r"[A-Za-z][\w+.:-]+://")  # two letters: C:// is a disk


def is_url(path: str) -> bool:
    """Tell a URL such as `s3://bucket/album` from a path of this machine."""
    return URL.match(path) is not None


def find_local(path: str) -> Path | None:
    """Give the path of this machine that a text names, or a URL of `file://`.

    Returns:
        None for a URL of another protocol.
    """
    if path.startswith(LOCAL):
        return Path(strip_protocol(path))
    return None if is_url(path) else Path(path)


def merge_options(
    credentials: Mapping[str, Any] | None, fs_args: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Give the options of fsspec's filesystem that a dataset of the catalog has.

    Files are read whole, so how they are opened is left out.
    """
    options = deepcopy({**(credentials or {}), **(fs_args or {})})
    for name in ("open_args_load", "open_args_save"):
        options.pop(name, None)
    return options


def has_password(url: str) -> bool:
    """Tell whether a URL holds a password: `sftp://me:secret@host/album`.

    A password may hold slashes, as keys of S3 do. A number after the host is its port.
    """
    for part in url.split("::"):
        place = part.partition("://")[2]
        host, _, path = place.partition("/")
        user, at, _ = host.rpartition("@")
        if at and ":" in user:
            return True
        after = host.partition(":")[2]
        if not at and after and not after.isdecimal() and "@" in path:
            return True
    return False


def is_plain_path(path: str) -> bool:
    """Tell a path that stays inside its folder; a bucket may hold `../x` and `/x`."""
    return not {"", ".", ".."}.intersection(path.split("/"))


def open_filesystem(url: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    """Open what a URL names.

    Args:
        url: of a folder; several protocols may be chained with `::`.
        options: of fsspec's filesystem: credentials, endpoint_url and others.

    Returns:
        The filesystem of fsspec, the same one for equal arguments, and the folder's
        path in it, without a slash at its end.

    Raises:
        ValueError, ImportError: the protocol is not known, or its package is missing.
    """
    from fsspec.core import url_to_fs

    filesystem, path = url_to_fs(url, **options)
    return filesystem, path.rstrip("/")


@dataclass(frozen=True)
class ReadLocalPhoto:
    """Reads photos under a folder of this machine.

    Attributes:
        folder: its path, as the machine that listed it has it.
    """

    folder: str

    def __call__(self, file: PhotoFile) -> bytes:
        """Read one photo, see `ReadPhoto`.

        Raises:
            OSError: it was not listed, cannot be read, or has changed since.
        """
        _check_listed(file, self.folder)
        with open_regular_file(
            os.path.join(os.fsencode(self.folder), file.path.encode())
        ) as opened:
            return _check_content(opened.read(), file, self.folder)


@dataclass(frozen=True)
class ReadRemotePhoto:
    """Reads photos under a URL.

    Attributes:
        url: of the folder.
        options: of fsspec's filesystem; may hold credentials, so they are never shown.
    """

    url: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __call__(self, file: PhotoFile) -> bytes:
        """Read one photo, see `ReadPhoto`.

        Raises:
            OSError: it was not listed, cannot be read, or has changed since.
        """
        _check_listed(file, self.url)
        try:
            filesystem, root = open_filesystem(self.url, self.options)
            content: bytes = filesystem.cat_file(f"{root}/{file.path}")
        except Exception as error:  # each protocol has errors of its own
            raise OSError(
                f"expected {file.path} in {self.url} to be readable, got: "
                f"{describe_remote(error)}; run again once it is."
            ) from error
        return _check_content(content, file, self.url)


def describe_remote(error: BaseException) -> str:
    """Say on one line what a protocol's library found wrong."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        return one_line(error.strerror)
    return describe_error(error)


def find_size_problem(size: int) -> str:
    """Say why a file of some bytes is too large for a photo, "" if it is not."""
    if size <= MAX_BYTES:
        return ""
    return (
        f"expected a photo of {MAX_BYTES} bytes at most, got {size} bytes; make it "
        "smaller, or remove it if it is none"
    )


def open_regular_file(path: bytes) -> BufferedReader:
    """Open a file for reading; never a FIFO, a socket or a device.

    Raises:
        OSError: it is none, or cannot be opened.
    """
    _check_regular(os.stat(path))
    file = open(path, "rb", opener=lambda name, _: os.open(name, OPEN_FLAGS))
    try:
        _check_regular(os.fstat(file.fileno()))  # another may have taken its place
    except OSError:
        file.close()
        raise
    return file


def _check_regular(status: os.stat_result) -> None:
    """Refuse FIFOs, sockets, devices and folders."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"it is {stat.filemode(status.st_mode)}, no regular file")


def _check_listed(file: PhotoFile, folder: str) -> None:
    """Refuse what no listing of a folder gives, or gives with a problem."""
    if file.problem or not file.sha256 or not is_plain_path(file.path):
        raise FileNotFoundError(
            f"expected a photo listed in {folder}, got {file.path!r}; list the "
            "folder again."
        )


def _check_content(content: bytes, file: PhotoFile, folder: str) -> bytes:
    """Give the content if it is the one that was listed."""
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise OSError(
            f"expected {file.path} in {folder} as it was listed, got another "
            "content; run again once nothing writes to the folder."
        )
    return content

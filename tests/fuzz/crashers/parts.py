"""What several crashers are made of: calls in pickles, bombs, zips that do not open."""

import io
import zipfile
from typing import Any

Crashers = dict[str, bytes]  # name -> input
DEEP = 6000  # deeper than Python's own limit
BOMB = 1536 << 20  # bytes that a bomb expands to


class RunOnLoad:
    """Pickles as the call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def write_bomb(name: str, start: bytes, files: list[tuple[str, bytes]]) -> bytes:
    """Make a zip with a member that expands to `BOMB` bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for other, content in files:
            archive.writestr(zipfile.ZipInfo(other), content)
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_BZIP2  # a thousandth of deflate's size
        with archive.open(info, "w", force_zip64=True) as member:
            member.write(start)
            for _ in range(BOMB >> 24):
                member.write(bytes(1 << 24))
    return file.getvalue()


def _edit_zip(data: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite a field of the first central header, and the same of the local one."""
    central = data.index(b"PK\x01\x02") + offset
    data = data[:central] + value + data[central + len(value) :]
    local = offset - 2
    return data[:local] + value + data[local + len(value) :]


def make_zips(good: bytes) -> Crashers:
    """What zipfile refuses with errors of every type."""
    return {
        "encrypted": _edit_zip(good, 8, b"\x01\x00"),
        "patched": _edit_zip(good, 8, b"\x20\x00"),
        "method": _edit_zip(good, 10, b"\x63\x00"),
        "version": _edit_zip(good, 6, b"\xff\x00"),
        "deflate": _edit_zip(good, 10, b"\x08\x00"),
        "bzip2": _edit_zip(good, 10, b"\x0c\x00"),
        "lzma": _edit_zip(good, 10, b"\x0e\x00"),
        "cut": good[: len(good) // 2],
        "html": b"<!DOCTYPE html><title>Not found</title>",
        "empty": b"",
    }

"""Reads members of a zip file within limits of number and size."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

MAX_MEMBERS = 10_000
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# What zipfile raises for damaged, encrypted and unknown files besides BadZipFile.
_ERRORS = (
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def read_members(
    data: bytes, wanted: Callable[[str], bool], max_bytes: int
) -> dict[str, bytes]:
    """Read some members of a zip file, each checked by its CRC-32.

    Args:
        data: the content of the zip file; at most `MAX_MEMBERS` members.
        wanted: tells of a member's name whether the member is to be read.
        max_bytes: of all members read, expanded.

    Returns:
        Name -> content, in the order of the file.

    Raises:
        ValueError: the file is damaged, encrypted, compressed by another method than
            deflate, or beyond the limits; says what is wrong.
    """
    # Each member has this signature, so that the members can be counted before zipfile
    # makes an object of a kilobyte for each of them.
    if data.count(b"PK\x01\x02") > MAX_MEMBERS:
        raise ValueError(f"a zip with more than {MAX_MEMBERS} members")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [m for m in archive.infolist() if wanted(m.filename)]
            _check_members(members, max_bytes)
            return {m.filename: _read_member(archive, m) for m in members}
    except _ERRORS as error:
        raise ValueError(f"a damaged or unknown zip ({error!s:.80})") from error


def _check_members(members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    """Refuse members whose sizes, methods or names are not acceptable."""
    if not all(member.filename for member in members):  # zipfile: IndexError
        raise ValueError("a zip with a member without a name")
    if len({member.filename for member in members}) < len(members):
        raise ValueError("a zip with two members of one name")
    if any(member.compress_type not in METHODS for member in members):
        raise ValueError("a zip compressed by another method than deflate")
    size = sum(member.file_size for member in members)
    if size > max_bytes:
        raise ValueError(
            f"a zip whose members expand to {size} bytes, more than {max_bytes}"
        )


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Read one member, and expand no more than the size that the zip states."""
    with archive.open(member) as file:
        # Told no size, zipfile expands 2 GB before it looks at the stated one.
        content = file.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise ValueError(
            f"a zip whose member {member.filename[:80]!r} has {len(content)} bytes, "
            f"not {member.file_size}"
        )
    return content

"""Zip archives: their changes, and the bundles of files that some readers get."""

import io
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

Files = list[tuple[str, bytes]]

_CENTRAL = b"PK\x01\x02"
# Of a central header: offset and size of CRC, both sizes, method, flags and others.
_FIELDS = ((16, 4), (20, 4), (24, 4), (10, 2), (8, 2), (28, 2), (30, 2), (42, 4))
_NAMES = ("../outside.pb", "/etc/passwd", "a" * 60000, "", "a//b", "\x00", "é/data.pkl")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_METHODS += (zipfile.ZIP_LZMA,)
# zipfile expands these as far as it is asked to, the others all at once.
_LIMITED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ZEROS = 1 << 18  # bytes of a member that packs well
MAX_CONTENT = 1 << 26  # bytes of all members


def edit_zip(
    data: bytes,
    rng: Random,
    edit_member: Callable[[str, bytes, Random], bytes],
    *,
    hostile: bool,
) -> bytes:
    """Change a member, the list of members or, if hostile, the archive's numbers."""
    if hostile and rng.random() < 0.3:
        return _edit_header(data, rng)
    files = read_zip(data)
    index = rng.randrange(len(files))
    name, content = files[index]
    match rng.choice((0, 0, 0, 0, 1, 2, 3, 4, 5)):
        case 1:
            del files[index]
        case 2 if hostile:
            files.append((rng.choice((name, *_NAMES)), content))
        case 3 if hostile:
            files[index] = (rng.choice(_NAMES), content)
        case 4:
            other = rng.randrange(len(files))
            files[index], files[other] = (name, files[other][1]), files[other]
        case 5 if hostile:
            files[index] = (name, content + bytes(ZEROS))
            return write_zip(files, rng.choice(_METHODS[1:]))
        case _:
            files[index] = (name, edit_member(name, content, rng))
    packed = hostile and rng.random() < 0.2
    return write_zip(files, rng.choice(_METHODS) if packed else zipfile.ZIP_STORED)


def read_zip(data: bytes) -> Files:
    """List name and content of each member; no bombs.

    Raises:
        ValueError: the members together are too large, or may be.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        methods = {info.compress_type for info in infos}
        if sum(info.file_size for info in infos) > MAX_CONTENT or methods - _LIMITED:
            raise ValueError("the members are too large to be changed one by one")
        return [(info.filename, _read_member(archive, info)) for info in infos]


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read what the archive says that the member has, and no more."""
    with archive.open(info) as member:
        return member.read(info.file_size + 1)


def write_zip(files: Files, method: int = zipfile.ZIP_STORED) -> bytes:
    """Make an archive; the same files give the same bytes."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")  # doubles are wanted here
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def _edit_header(data: bytes, rng: Random) -> bytes:
    """Overwrite a number in the archive's list of members."""
    starts, at = [], data.find(_CENTRAL)
    while at >= 0:
        starts.append(at)
        at = data.find(_CENTRAL, at + 4)
    offset, width = rng.choice(_FIELDS)
    place = rng.choice(starts) + offset
    number = rng.choice((0, 1, 8, 12, 99, 2**16 - 1, 2**31, 2**32 - 2, 2**32 - 1))
    raw = struct.pack("<Q", number)[:width]
    return data[:place] + raw + data[place + width :]


def unpack(data: bytes, folder: Path) -> Path:
    """Unpack the files of a folder.

    Raises:
        DatasetError: atheris changed the bundle itself, which no reader ever sees.
    """
    from kedro.io import DatasetError

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder / "folder")
    except Exception as error:
        raise DatasetError("expected a bundle of files, got a damaged one.") from error
    return folder / "folder"

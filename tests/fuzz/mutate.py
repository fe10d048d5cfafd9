"""Change bytes at random, with a knowledge of their format.

`mutate` draws every choice from the generator that it is given, so that the same
function serves plain random runs and atheris, which chooses its seed.
"""

from collections.abc import Callable
from pathlib import PurePosixPath
from random import Random

from tests.fuzz.binary_formats import (
    edit_dlib,
    edit_jpg,
    edit_npy,
    edit_pgm,
    edit_tfrecord,
)
from tests.fuzz.pickle_format import edit_pickles
from tests.fuzz.protobuf_format import edit_protobuf
from tests.fuzz.text_formats import edit_csv, edit_json, edit_record, edit_yaml
from tests.fuzz.zip_format import edit_zip

MAX_BYTES = 1 << 20
Edit = Callable[[bytes, Random], bytes]

NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31)
NUMBERS += (2**32 - 1, 2**32, 2**40, 2**63 - 1, 2**63, 2**64 - 1)


def mutate(data: bytes, kind: str, rng: Random) -> bytes:
    """Change bytes of a format once or a few times.

    Args:
        data: of the format, or nearly.
        kind: the format, a key of `EDITS`.
        rng: source of every choice.
    """
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3, 6))):
        data = edit_once(data, kind, rng)[:MAX_BYTES]
    return data


def edit_once(data: bytes, kind: str, rng: Random) -> bytes:
    """Change one part of the format, or plain bytes where there are no parts."""
    if rng.random() < 0.75:
        try:
            return EDITS[kind](data, rng)
        except Exception:
            return edit_bytes(data, rng)
    return data if kind in WHOLE else edit_bytes(data, rng)


def edit_bytes(data: bytes, rng: Random) -> bytes:
    """Flip, overwrite, insert, remove, repeat or cut bytes."""
    at = rng.randint(0, max(0, len(data) - 1))
    size = rng.choice((1, 1, 2, 4, 8, 16, 100, 1000))
    before, piece, after = data[:at], data[at : at + size], data[at + size :]
    match rng.randint(0, 6):
        case 0:
            flipped = bytes([(piece[0] if piece else 0) ^ (1 << rng.randint(0, 7))])
            return before + flipped + data[at + 1 :]
        case 1:
            number, width = rng.choice(NUMBERS), rng.choice((1, 2, 4, 8))
            number %= 1 << (8 * width)
            after = data[at + width :]
            piece = number.to_bytes(width, rng.choice(("little", "big")))
        case 2:
            piece = bytes(rng.randint(0, 255) for _ in range(min(size, 16))) + piece
        case 3:
            piece = b""
        case 4:
            piece *= rng.randint(2, 5)
        case 5:
            piece = after = b""
        case _:
            other = rng.randint(0, max(0, len(data) - 1))
            piece = data[other : other + size]
    return before + piece + after


def edit_member(name: str, data: bytes, rng: Random) -> bytes:
    """Change a file by the format that its name says."""
    return edit_once(data, SUFFIXES.get(PurePosixPath(name).suffix, "bytes"), rng)


def edit_archive(data: bytes, rng: Random) -> bytes:
    """Change a zip: its members, or what it says of them."""
    return edit_zip(data, rng, edit_member, hostile=True)


def edit_bundle(data: bytes, rng: Random) -> bytes:
    """Change the files of a folder, which travels as a zip that stays whole."""
    return edit_zip(data, rng, edit_member, hostile=False)


EDITS: dict[str, Edit] = {
    "bundle": edit_bundle,
    "bytes": edit_bytes,
    "csv": edit_csv,
    "dlib": edit_dlib,
    "jpg": edit_jpg,
    "json": edit_json,
    "npy": edit_npy,
    "pgm": edit_pgm,
    "pickles": edit_pickles,
    "protobuf": edit_protobuf,
    "record": edit_record,
    "tfrecord": edit_tfrecord,
    "yaml": edit_yaml,
    "zip": edit_archive,
}
WHOLE = ("bundle",)  # formats of this harness, not of the reader: plain edits are lost
SUFFIXES = {
    ".csv": "csv",
    ".jpg": "jpg",
    ".json": "json",
    ".npy": "npy",
    ".pb": "protobuf",
    ".pkl": "pickles",
    ".tfrecord": "tfrecord",
    ".yml": "yaml",
}

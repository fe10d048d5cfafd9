"""Changes of arrays, photos, TFRecords and dlib's file."""

import ast
import re
import struct
from functools import cache
from random import Random
from typing import Any

from tests.fuzz.protobuf_format import edit_protobuf

SIZES = (
    -1,
    0,
    1,
    2,
    3,
    255,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32,
    2**40,
    2**62,
    2**63,
)
SIZES += (2**64, 10**30)
DTYPES: tuple[Any, ...] = (
    *("O", "|O8", "<f4", "<f8", "<f2", ">f8", "<i8", "|u1", "|b1", "<c16", "<U0"),
    *("<U1", "<U1000000000", "|S1000000000", "|V0", "|V1000000000", "<M8[ns]"),
    *("<m8[D]", "nonsense", "", "f4,f4", ",", "(2,)f4", "i" * 5000, None, 3, [], ()),
    *([("a", "<f4")], [("a", "O")], [("a", [("b", "|V2000000000")])], {"names": 1}),
)
HEADERS = ("{" * 3000, "(" * 90 + ")" * 90, "-" * 4000 + "1", "{}", "'", "\\N{", "")
HEADERS += ("[" * 200 + "]" * 200, "{'descr': '<f4'}" + " " * 70000, "\x00")


def edit_npy(data: bytes, rng: Random) -> bytes:
    """Change the header of a .npy, and write it with the length that it then has."""
    version = data[6]
    width, form = (2, "<H") if version == 1 else (4, "<I")
    [length] = struct.unpack(form, data[8 : 8 + width])
    start = 8 + width + length
    text = data[8 + width : start].decode("latin-1")
    match rng.randint(0, 5):
        case 0:
            text = _edit_header(text, "descr", rng.choice(DTYPES))
        case 1 | 2:
            shape = [rng.choice(SIZES) for _ in range(rng.choice((0, 1, 2, 3, 40)))]
            text = _edit_header(text, "shape", tuple(shape))
        case 3:
            wrong = rng.choice(((1.5,), (True,), ("a",), None, 7, [2], ((2,),)))
            text = _edit_header(text, "shape", wrong)
        case 4:
            text = _edit_header(text, "fortran_order", rng.choice((True, None, 2)))
        case _:
            text = rng.choice(HEADERS)
    raw = text.encode("latin-1")
    if rng.random() < 0.1:
        version, width, form = rng.choice(((1, 2, "<H"), (2, 4, "<I"), (9, 4, "<I")))
    head = struct.pack(form, len(raw) % (1 << 8 * width))
    return data[:6] + bytes([version, 0]) + head + raw + data[start:]


def _edit_header(text: str, key: str, value: Any) -> str:
    """Change an entry of a .npy's header."""
    return repr(ast.literal_eval(text.strip()) | {key: value}) + "\n"


def edit_jpg(data: bytes, rng: Random) -> bytes:
    """Change, remove or repeat a segment, or the size in its header."""
    starts = [m.start() for m in re.finditer(rb"\xff[\xc0-\xfe]", data)]
    at = rng.choice(starts)
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    match rng.randint(0, 4):
        case 0:
            return data[:at] + data[end:]
        case 1:
            return data[:end] + data[at:end] * rng.choice((1, 2, 50)) + data[end:]
        case 2:
            return data[: at + 1] + bytes([rng.randint(0xC0, 0xFE)]) + data[at + 2 :]
        case 3:
            size = struct.pack(">H", rng.choice((0, 1, 2, 8, 65535)))
            return data[: at + 2] + size + data[at + 4 :]
        case _:
            frame = re.search(rb"\xff[\xc0-\xc2]", data).end() + 3  # height, width ...
            sizes = rng.choice((0, 1, 10000, 65500, 65535)), rng.choice((1, 65500))
            head = struct.pack(">HHB", *sizes, rng.choice((0, 1, 1, 3, 4, 255)))
            return data[:frame] + head + data[frame + 5 :]


def edit_pgm(data: bytes, rng: Random) -> bytes:
    """Change a word of the header of a .pgm: its type, sizes or greatest value."""
    words = data.split(maxsplit=3)
    body = data.split(words[2] if len(words) > 2 else b"\n", 1)[-1]
    head = [*words[:3], re.split(rb"\s", words[3], maxsplit=1)[0]]
    body = data[data.index(head[3], len(b" ".join(head[:3]))) + len(head[3]) :]
    index = rng.randrange(4)
    if index == 0:
        head[0] = rng.choice((b"P1", b"P2", b"P3", b"P4", b"P6", b"P7", b"Pf", b"GIF8"))
    else:
        extra = (b"-1", b"0", b"1e9", b"9" * 30, b"#", b"1#\n2", b"65536", b"")
        head[index] = rng.choice((*extra, str(rng.choice(SIZES)).encode()))
    return rng.choice((b" ", b"\n", b"#c\n")).join(head) + body


def edit_tfrecord(data: bytes, rng: Random) -> bytes:
    """Change a record inside, its length, or the list of records; the CRCs fit."""
    records = []
    at = 0
    while at + 12 <= len(data):
        [size] = struct.unpack_from("<Q", data, at)
        records.append(data[at + 12 : at + 12 + size])
        at += 16 + size
    index = rng.randrange(len(records))
    claimed = None
    match rng.choice((0, 0, 0, 0, 1, 2, 3)):
        case 1:
            del records[index]
        case 2:
            records.insert(index, records[index])
        case 3:
            claimed = rng.choice((0, 2**20, 2**31, 2**32, 2**40, 2**63, 2**64 - 1))
        case _:
            records[index] = edit_protobuf(records[index], rng)
    written = [
        _write_record(record, claimed if place == index else None)
        for place, record in enumerate(records)
    ]
    return b"".join(written)


def _write_record(record: bytes, claimed: int | None = None) -> bytes:
    """Write a record with its length and both CRCs."""
    size = struct.pack("<Q", len(record) if claimed is None else claimed)
    crcs = (struct.pack("<I", mask_crc(part)) for part in (size, record))
    return size + next(crcs) + record + next(crcs)


def mask_crc(data: bytes) -> int:
    """Give the masked CRC-32C of TFRecord files (tensorflow/core/lib/hash/crc32c.h)."""
    crc = 0xFFFFFFFF
    table = _crc_table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _crc_table() -> list[int]:
    """Make the table of CRC-32C, polynomial 0x1EDC6F41 reflected."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)  # noqa: PLW2901
        table.append(byte)
    return table


def edit_dlib(data: bytes, rng: Random) -> bytes:
    """Change an integer after a layer's tag, or the tag."""
    tags = list(re.finditer(rb"con_4|affine_|fc_2", data))
    tag = rng.choice(tags)
    if rng.random() < 0.2:
        new = rng.choice((b"con_4", b"affine_", b"fc_2", b""))
        return data[: tag.start()] + new + data[tag.end() :]
    at = tag.end()
    for _ in range(rng.randrange(7)):
        at += 1 + (data[at] & 0x0F)
    end = at + 1 + (data[at] & 0x0F)
    size = rng.choice((0, 1, 2, 4, 8, 9, 15))
    number = rng.choice((0, 1, 2, 127, 255, 2**16, 2**31, 2**32 - 1, 2**63, 2**119))
    raw = (number % (1 << 8 * size)).to_bytes(size, "little")
    control = size | rng.choice((0, 0, 0x80, 0x70))
    return data[:at] + bytes([control]) + raw + data[end:]

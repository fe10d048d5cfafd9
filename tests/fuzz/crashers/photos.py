"""Photos and TFRecord files that once crashed or grew."""

import json
import struct
from typing import Any

from tests.fuzz import seeds
from tests.fuzz.binary_formats import mask_crc
from tests.fuzz.crashers.parts import DEEP, Crashers
from tests.fuzz.zip_format import read_zip, write_zip


def make_photos() -> Crashers:
    """Sizes in the header that take gigabytes, and other formats."""
    grey = seeds.make_jpgs()[0]
    frame = grey.index(b"\xff\xc0") + 5

    def resize(height: int, width: int) -> bytes:
        head = struct.pack(">HH", height, width)
        return grey[:frame] + head + grey[frame + 4 :]

    return {
        "bomb": resize(65500, 65500),
        "large": resize(13000, 13000),
        "zero": resize(0, 0),
        "cut": grey[: len(grey) // 2],
        "gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "empty": b"",
    }


def make_records() -> Crashers:
    """A length that TensorFlow crashes on, and counts of other shapes."""
    files = dict(read_zip(seeds.make_records()[0]))
    shard = next(name for name in files if name.endswith("00000-of-00002.tfrecord"))

    def swap(name: str, content: bytes) -> bytes:
        return write_zip([*{**files, name: content}.items()])

    def claim(size: int) -> bytes:
        raw = struct.pack("<Q", size)
        return swap(shard, raw + struct.pack("<I", mask_crc(raw)) + files[shard][12:])

    def count(value: Any) -> bytes:
        return swap("counts.json", json.dumps(value).encode())

    return {
        **{f"length-2-{n}": claim(2**n - (n == 64)) for n in (31, 32, 40, 63, 64)},
        "counts-list": count([]),
        "counts-text": count({"train": "shard"}),
        "counts-nested": count({"train": {shard: []}}),
        "counts-fraction": count({"train": {shard: 1.5}}),
        "counts-large": count({"train": {shard: 2**70}}),
        "counts-negative": count({"train": {shard: -3}}),
        "counts-outside": count({"train": {"../../../etc/passwd": 1}}),
        "counts-absolute": count({"train": {"/dev/zero": 1}}),
        "counts-folder": count({"train": {".": 1}}),
        "counts-line": count({"train": {"\n": 1}}),
        "counts-long": count({"train": {"a" * 5000: 1}}),
        "counts-deep": swap("counts.json", b"[" * DEEP),
        "counts-binary": swap("counts.json", b"\xff" * 2500),
        "empty-shard": swap(shard, b""),
    }

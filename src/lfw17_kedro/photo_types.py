"""Plain types of folders of photos, and tables of those without a result."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

HASH_DIGITS = 16  # 64 bits: a million photos share one with a probability of 3e-8
"""Digits of a photo's SHA-256 in the ids of its faces and the names of its pictures."""


class PhotoFile(NamedTuple):
    """One file of a folder of photos.

    Attributes:
        path: relative to the folder, with forward slashes.
        sha256: SHA-256 of the content, hexadecimal; "" if it cannot be read.
        problem: why it cannot be read, "" if it can.
    """

    path: str
    sha256: str
    problem: str = ""


ReadPhoto = Callable[[PhotoFile], bytes]
"""Reads a listed photo without a problem.

It is small, can be pickled, and works in any process and thread, also on another
machine that reaches the photos by the same path or URL. It raises OSError where the
photo is gone or its content is not `PhotoFile.sha256`.
"""


class PhotoFolder(Sequence[PhotoFile]):
    """The photo files of a folder or a bucket, sorted by path; none is decoded.

    Attributes:
        files: all files of the folder, also those that cannot be read.
        reader: reads one of them.
    """

    files: tuple[PhotoFile, ...]
    reader: ReadPhoto

    def __getitem__(self, index: int) -> PhotoFile:  # type: ignore[override]
        """Give one file."""
        return self.files[index]

    def __len__(self) -> int:
        """Count the files."""
        return len(self.files)

    def __iter__(self) -> Iterator[PhotoFile]:
        """Give the files in order."""
        return iter(self.files)


FAILED_COLUMNS = ("shard", "photo", "reason")
"""Of failed_shards.csv, one row per photo that was not searched.

shard: from 1. reason: why the last attempt at it failed.
"""

LEFT_OUT_COLUMNS = ("photo", "reason")  # of left_out.csv

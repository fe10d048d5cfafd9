"""Where each photo lies among the parts of a scan: little memory per photo.

Axes: P photos.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.types import I64, Bools

DIGITS = 64  # of a SHA-256, hexadecimal
SHA256 = re.compile(f"[0-9a-f]{{{DIGITS}}}")
NOWHERE = -1

Keys = NDArray[np.bytes_]


class PartIndex(NamedTuple):
    """The photos of one part, in its order.

    Attributes:
        keys: (P,) SHA-256, 32 bytes each.
        is_readable: (P,) bool.
        decoders: what decoded the photos.
    """

    keys: Keys
    is_readable: Bools
    decoders: str


def index_part(photos: Any, decoders: str) -> PartIndex:
    """Index a part.

    Args:
        photos: Arrow table of its photos.
        decoders: what decoded the photos.

    Raises:
        ValueError: a SHA-256 that is none.
    """
    ids = photos["sha256"].to_pylist()
    if not all(isinstance(one, str) and SHA256.fullmatch(one) for one in ids):
        raise ValueError(f"expected SHA-256 of {DIGITS} digits, got others")
    return PartIndex(
        make_keys(ids),
        np.array([not one for one in photos["problem"].to_pylist()], bool),
        decoders,
    )


def make_keys(hashes: Iterable[str]) -> Keys:
    """Give SHA-256 of 64 hexadecimal digits as 32 bytes each: half the memory."""
    content = bytes.fromhex("".join(hashes))
    return np.frombuffer(content, "S32")


class ScanIndex:
    """Finds photos among all parts.

    A photo may be in several parts: one in which it could be decoded counts first,
    then the first by name.

    Attributes:
        parts: their names, sorted.
    """

    def __init__(self, parts: Mapping[str, PartIndex]) -> None:
        """Join the indices of the parts."""
        self.parts = sorted(parts)
        own = [parts[name] for name in self.parts]
        sizes = [len(one.keys) for one in own]
        keys = np.concatenate([np.empty(0, "S32"), *(one.keys for one in own)])
        readable = np.concatenate(
            [np.empty(0, bool), *(one.is_readable for one in own)]
        )
        part = np.repeat(np.arange(len(own), dtype=np.int64), sizes)
        row = np.concatenate([np.empty(0, np.int64), *map(np.arange, sizes)])
        order = np.lexsort((part, ~readable, keys))
        first = np.ones(len(order), bool)
        first[1:] = keys[order][1:] != keys[order][:-1]
        # Where a photo lies in this index, and each part that could not decode it.
        failed = ~readable[order]
        self._failed = (first.cumsum() - 1)[failed], part[order][failed]
        order = order[first]
        self._keys = keys[order]
        self._is_readable = readable[order]
        self._part, self._row = part[order], row[order].astype(np.int64)
        self._decoders = np.array([one.decoders for one in own], object)

    def find(self, hashes: Sequence[str]) -> I64:
        """Give the place of each photo in this index, `NOWHERE` if it is not there."""
        if not len(hashes) or not len(self._keys):
            return np.full(len(hashes), NOWHERE)
        known = np.array([len(one) == DIGITS for one in hashes])
        keys = make_keys(
            one if good else "0" * DIGITS
            for one, good in zip(hashes, known, strict=True)
        )
        places = np.searchsorted(self._keys, keys).clip(max=len(self._keys) - 1)
        found: I64 = np.where(known & (self._keys[places] == keys), places, NOWHERE)
        return found

    def find_start(self, digits: str) -> str | None:
        """Give the SHA-256 of a photo that could be decoded and starts with digits."""
        try:
            least = make_keys([digits.ljust(DIGITS, "0")])[0]
        except ValueError:
            return None
        for place in range(int(np.searchsorted(self._keys, least)), len(self._keys)):
            name: str = self._keys[place].ljust(DIGITS // 2, b"\0").hex()
            if not name.startswith(digits):
                return None
            if self._is_readable[place]:
                return name
        return None

    def is_settled(self, places: I64, decoders: str) -> Bools:
        """Tell which photos need not be searched again.

        Args:
            places: of photos, as `find` gives them.
            decoders: what is installed now: photos that only others could not decode
                are worth another try.
        """
        settled = np.zeros(len(places), bool)
        there = places >= 0
        rows = places[there]
        failed, part = self._failed
        tried = np.isin(rows, failed[self._decoders[part] == decoders])
        settled[there] = self._is_readable[rows] | tried
        return settled

    def locate(self, places: I64) -> tuple[I64, I64]:
        """Give the number of the part of photos, and their rows in it."""
        return self._part[places], self._row[places]

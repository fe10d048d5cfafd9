"""Measure what listing and hashing a folder of photos costs, in this process."""

import os
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.process_tree import read_pss

from lfw17_kedro.datasets import PhotoFolderDataset


class Listing(NamedTuple):
    """What listing a folder took.

    Attributes:
        photos: number of photos.
        seconds: duration of listing them and of reading each once for its SHA-256.
        memory: bytes that the list holds.
    """

    photos: int
    seconds: float
    memory: int


def measure_listing(folder: Path) -> Listing:
    """List a folder as a run does.

    Args:
        folder: folder of photos, whose files the system may still have in memory.
    """
    before = read_pss(os.getpid())
    start = time.perf_counter()
    listed = PhotoFolderDataset(filepath=str(folder)).load()
    seconds = time.perf_counter() - start
    return Listing(len(listed), seconds, read_pss(os.getpid()) - before)


def describe_listing(listing: Listing) -> str:
    """Say what listing cost, in all and per photo."""
    photos, seconds, memory = listing
    return (
        f"Listing and hashing {photos:,} photos that were read before: "
        f"{seconds:.1f} s, {1000 * seconds / photos:.3f} ms and "
        f"{memory / photos:.0f} bytes of memory per photo."
    )

"""Ways to damage a file."""

import random
import shutil

SECTOR = 512  # bytes; a power failure may leave one unwritten
OTHER_KIND = b"\xff\xd8\xff\xe0 not what it was"


def _cut_half(content, rng):
    return content[: len(content) // 2]


def _cut_end(content, rng):
    return content[:-1]


def _empty(content, rng):
    return b""


def _flip(content, rng):
    if not content:
        return b"\0"
    changed = bytearray(content)
    changed[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _append(content, rng):
    return content + content[-20:] + b"\n"


def _zero_sector(content, rng):
    at = rng.randrange(max(1, len(content) - SECTOR))
    return content[:at] + bytes(len(content[at : at + SECTOR])) + content[at + SECTOR :]


def _exchange(content, rng):
    return OTHER_KIND


CHANGES = {
    "cut in half": _cut_half,
    "last byte cut": _cut_end,
    "emptied": _empty,
    "a bit flipped": _flip,
    "bytes appended": _append,
    "a sector zeroed": _zero_sector,
    "replaced by another kind": _exchange,
}
KINDS = (*CHANGES, "deleted", "replaced by a folder")


def damage(path, kind, seed):
    """Damage a file."""
    if kind in CHANGES:
        changed = CHANGES[kind](path.read_bytes(), random.Random(seed))
        path.write_bytes(changed)
        return
    path.unlink()
    if kind == "replaced by a folder":
        path.mkdir()


def fix(path, content):
    """Put a file back."""
    if path.is_dir():
        shutil.rmtree(path)
    path.write_bytes(content)

"""Changes of pickles, opcode by opcode."""

import pickle
import pickletools
import struct
from random import Random

# Opcodes that build, name, call or remember.
HOSTILE = (
    b"cos\nsystem\n(S'touch ran'\ntR",
    b"cbuiltins\neval\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n(tR",
    b"ctorch\nFloatStorage\n",
    b"ccollections\nOrderedDict\n)R",
    b"r\xff\xff\xff\x7f",  # LONG_BINPUT: a memo of 2 billion places
    b"r\xff\xff\xff\x07",
    b"p999999999\n",
    b"j\xff\xff\xff\x7f",
    b"\x8b\xff\xff\xff\x7f",  # LONG4: a number of 2 GB
    b"\x8b\x00\x10\x00\x00" + b"\xff" * 4096,
    b"X\xff\xff\xff\x7f",
    b"\x8e" + struct.pack("<Q", 2**62),
    b"\x8d" + struct.pack("<Q", 2**40),
    b"\x95" + struct.pack("<Q", 2**40),
    b"(" * 3000,
    b"(t" * 3000 + b"t" * 3000,
    b"2" * 1000,
    b"]" + b"\x85" * 20000,
    b"I" + b"9" * 6000 + b"\n",
    b"L" + b"9" * 6000 + b"L\n",
    b"F1e999\n",
    b"Q",
    b"b",
    b"R",
    b"\x81",
    b"}",
    b"N",
    b"\x88",
    b"K\xff",
    b"M\xff\xff",
    b"J\xff\xff\xff\xff",
    b"\x8a\x08" + b"\xff" * 7 + b"\x7f",
    b"G\x7f\xf8\x00\x00\x00\x00\x00\x00",
    b".",
)


def edit_pickles(data: bytes, rng: Random) -> bytes:
    """Change one opcode of pickles that follow each other; what is left stays."""
    opcodes = split_pickles(data)
    index = rng.randrange(len(opcodes))
    match rng.randint(0, 5):
        case 0:
            del opcodes[index]
        case 1:
            end = index + rng.randint(1, 10)
            opcodes[index:index] = opcodes[index:end]
        case 2:
            other = rng.randrange(len(opcodes))
            opcodes[index], opcodes[other] = opcodes[other], opcodes[index]
        case 3:
            opcodes[index] = rng.choice(HOSTILE)
        case 4:
            opcodes.insert(index, rng.choice(HOSTILE))
        case _:
            opcodes[index] = _edit_argument(opcodes[index], rng)
    return b"".join(opcodes)


def split_pickles(data: bytes) -> list[bytes]:
    """Cut pickles into opcodes with their arguments; what follows is the last part."""
    parts: list[bytes] = []
    start = 0
    while start < len(data):
        try:
            places = [p for _, _, p in pickletools.genops(data[start:])]
        except (ValueError, pickle.UnpicklingError, UnicodeError, struct.error):
            break
        ends = [*places[1:], places[-1] + 1]
        parts += [
            data[start + a : start + b] for a, b in zip(places, ends, strict=True)
        ]
        start += ends[-1]
    return [*parts, data[start:]] if start < len(data) else parts


def _edit_argument(opcode: bytes, rng: Random) -> bytes:
    """Change a byte of an opcode's argument, or its code."""
    at = rng.randrange(len(opcode))
    value = rng.choice((0, 1, 2, 8, 127, 128, 255, rng.randint(0, 255)))
    return opcode[:at] + bytes([value]) + opcode[at + 1 :]

"""Changes of protocol buffers, without their schema."""

from random import Random

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
Field = tuple[int, int, int | bytes]  # number, wire type, value

NUMBERS = (0, 1, 2, 3, 7, 9, 14, 19, 127, 2**31 - 1, 2**31, 2**32 - 1, 2**40)
NUMBERS += (2**63 - 1, 2**63, 2**64 - 1)
WORDS = (b"", b"^input", b"input:1", b"Const", b"ReadFile", b"WriteFile", b"PyFunc")
WORDS += (b"\xff\xfe", b"embeddings", b"LoopCond", b"Bitcast", b"A" * 5000)


def edit_protobuf(data: bytes, rng: Random) -> bytes:
    """Change one field, at a random depth."""
    fields = parse(data)
    index = rng.randrange(len(fields))
    number, wire, value = fields[index]
    if wire == BYTES and value and rng.random() < 0.8:
        fields[index] = (number, wire, _edit_inside(value, rng))
        return serialize(fields)
    match rng.randint(0, 7):
        case 0:
            del fields[index]
        case 1:
            fields.insert(rng.randrange(len(fields)), fields[index])
        case 2:
            fields[index] = (rng.randint(1, 30), wire, value)
        case 3:
            fields[index] = (number, BYTES, rng.choice(WORDS))
        case 4:
            other = rng.randrange(len(fields))
            fields[index], fields[other] = fields[other], fields[index]
        case 5:
            nested = value if isinstance(value, bytes) else b""
            for _ in range(rng.choice((3, 150, 3000))):
                nested = serialize([(number, BYTES, nested)])
            fields[index] = (number, BYTES, nested)
        case _:
            fields[index] = (number, VARINT, rng.choice(NUMBERS))
    return serialize(fields)


def _edit_inside(value: bytes, rng: Random) -> bytes:
    """Change a message, or text and numbers in a row where it is none."""
    try:
        return edit_protobuf(value, rng)
    except (ValueError, IndexError):
        pass
    match rng.randint(0, 3):
        case 0:
            return rng.choice(WORDS)
        case 1:
            return value[: rng.randrange(len(value))]
        case 2:
            return value * 2
        case _:
            at = rng.randrange(len(value))
            return value[:at] + bytes([rng.randint(0, 255)]) + value[at + 1 :]


def parse(data: bytes) -> list[Field]:
    """List the fields of a message.

    Raises:
        ValueError: no message.
    """
    fields: list[Field] = []
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, wire = key >> 3, key & 7
        if not number:
            raise ValueError("no field has number 0")
        value: int | bytes
        if wire == VARINT:
            value, at = _read_varint(data, at)
        elif wire == BYTES:
            size, at = _read_varint(data, at)
            value, at = data[at : at + size], at + size
        elif wire in (FIXED32, FIXED64):
            size = 4 if wire == FIXED32 else 8
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"wire type {wire}")
        if at > len(data):
            raise ValueError("the message ends inside a field")
        fields.append((number, wire, value))
    return fields


def serialize(fields: list[Field]) -> bytes:
    """Write a message."""
    parts = []
    for number, wire, value in fields:
        parts.append(_write_varint(number << 3 | wire))
        if isinstance(value, int):
            parts.append(_write_varint(value))
        else:
            parts += [_write_varint(len(value))] if wire == BYTES else []
            parts.append(value)
    return b"".join(parts)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of 7 bits a byte, and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _write_varint(value: int) -> bytes:
    """Write the same."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])

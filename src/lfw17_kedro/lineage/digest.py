"""Hash data, so that runs on the same data can be recognised."""

import hashlib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np


def hash_data(data: Any) -> str:
    """Give the SHA-256 of data.

    Each part counts with its type and length, arrays with dtype and shape: a cast, a
    reshape or bytes that move from one part to the next change the hash. So does the
    order of a dict. A tuple counts as a list.

    Args:
        data: bytes, text, numbers, None, arrays, and lists, tuples, dicts and
            dataclasses of them.

    Returns:
        64 hexadecimal digits.

    Raises:
        TypeError: data of another type.
    """
    digest = hashlib.sha256()
    _feed(digest, data)
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _feed(digest: Any, data: Any) -> None:
    """Feed data to a hash, each part after its type and length."""
    if isinstance(data, (np.ndarray, np.generic)):
        _feed_array(digest, data)
    elif data is None or isinstance(data, (bytes, str, int, float)):
        content = _to_bytes(data)
        digest.update(f"{type(data).__name__} {len(content)}:".encode())
        digest.update(content)
    elif isinstance(data, (list, tuple)):
        digest.update(f"list {len(data)}:".encode())
        for item in data:
            _feed(digest, item)
    elif isinstance(data, dict):
        digest.update(f"dict list {len(data)}:".encode())
        for item in data.items():
            _feed(digest, item)
    elif is_dataclass(data) and not isinstance(data, type):
        digest.update(b"dataclass ")
        _feed(digest, type(data).__name__)
        _feed(digest, {field.name: getattr(data, field.name) for field in fields(data)})
    else:
        _refuse(data)


def _feed_array(digest: Any, data: np.ndarray[Any, Any] | np.generic) -> None:
    """Feed an array, or a scalar of NumPy, to a hash: its dtype, its shape, its bytes.

    The bytes of arrays of objects are addresses, and those of a masked array are not
    all that it says.
    """
    if data.dtype.hasobject or isinstance(data, np.ma.MaskedArray):
        _refuse(data)
    digest.update(b"array " if isinstance(data, np.ndarray) else b"scalar ")
    _feed(digest, f"{np.lib.format.dtype_to_descr(data.dtype)} {data.shape}")
    if data.nbytes:  # contiguous arrays are read in place
        flat = np.ascontiguousarray(data).reshape(-1)
        digest.update(flat.view(np.uint8))


def _to_bytes(data: bytes | str | float | None) -> bytes:
    """Write a plain value so that no other value of its type is written alike."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode("utf-8", "surrogatepass")
    if isinstance(data, int):
        return f"{data:x}".encode()  # decimal digits have a limit
    return b"" if data is None else repr(data).encode()


def _refuse(data: Any) -> NoReturn:
    """Refuse what cannot be hashed."""
    raise TypeError(
        "expected bytes, text, numbers, arrays, or lists, dicts or dataclasses of "
        f"them to hash, got {type(data).__name__}; convert it first."
    )

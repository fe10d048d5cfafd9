"""Hash data, so that two runs can be told to start from the same."""

import hashlib
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def hash_data(data: Any) -> str:
    """Give the SHA-256 of data: bytes, text, None, arrays, lists and dataclasses.

    Arrays count with dtype and shape, so a cast or a reshape changes the hash.

    Returns:
        64 hexadecimal digits.

    Raises:
        TypeError: data of another type.
    """
    digest = hashlib.sha256()
    _feed(digest, data)
    return digest.hexdigest()


def _feed(digest: Any, data: Any) -> None:
    """Feed data to a hash, each part marked with its type and length."""
    if isinstance(data, bytes):
        digest.update(data)
    elif data is None or isinstance(data, (str, int, float)):
        digest.update(repr(data).encode())
    elif isinstance(data, np.ndarray):
        digest.update(f"{data.dtype.str}{data.shape}".encode())
        digest.update(np.ascontiguousarray(data).tobytes())
    elif isinstance(data, (list, tuple)):
        digest.update(f"[{len(data)}]".encode())
        for item in data:
            _feed(digest, item)
    elif is_dataclass(data) and not isinstance(data, type):
        for field in fields(data):
            digest.update(field.name.encode())
            _feed(digest, getattr(data, field.name))
    else:
        raise TypeError(
            "expected bytes, text, numbers, arrays, lists or dataclasses of them to "
            f"hash, got {type(data).__name__}; convert it first."
        )

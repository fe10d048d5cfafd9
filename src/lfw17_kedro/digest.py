"""Hash data, so that two runs can be told to start from the same."""

import hashlib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np


def hash_data(data: Any) -> str:
    """Give the SHA-256 of data.

    Each part counts with its type and length, arrays with dtype and shape: a cast, a
    reshape or bytes that move from one part to the next change the hash.

    Args:
        data: bytes, text, numbers, None, arrays, and lists, dicts and dataclasses of
            them.

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
    if isinstance(data, np.ndarray) and data.dtype.kind != "O":
        _feed(digest, f"{data.dtype.str}{data.shape}")
        if data.nbytes:  # contiguous arrays are read in place
            flat = np.ascontiguousarray(data).reshape(-1)
            digest.update(flat.view(np.uint8))
    elif data is None or isinstance(data, (bytes, str, int, float)):
        content = data if isinstance(data, bytes) else repr(data).encode()
        digest.update(f"{type(data).__name__} {len(content)}:".encode())
        digest.update(content)
    elif isinstance(data, (list, tuple)):
        digest.update(f"list {len(data)}:".encode())
        for item in data:
            _feed(digest, item)
    elif isinstance(data, dict):
        digest.update(b"dict ")
        _feed(digest, [*data.items()])
    elif is_dataclass(data) and not isinstance(data, type):
        digest.update(f"{type(data).__name__} ".encode())
        _feed(digest, {field.name: getattr(data, field.name) for field in fields(data)})
    else:
        raise TypeError(
            "expected bytes, text, numbers, arrays, or lists, dicts or dataclasses of "
            f"them to hash, got {type(data).__name__}; convert it first."
        )

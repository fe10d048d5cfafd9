"""The format of one checkpoint: an .npz file that NumPy can open, with a checksum.

    header       JSON as bytes: fingerprint, history and checksum
    array_0 ...  the variables, in the order of the network and its optimizer

Reading one executes nothing, and the memory that it takes is bounded by the size of the
network's variables, a few times over.
"""

import io
import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lfw17_kedro.lineage.digest import hash_data
from lfw17_kedro.messages import describe_error

Arrays = list[NDArray[Any]]
History = list[dict[str, float]]
MAX_HEADER = 16 << 20  # bytes; 100,000 epochs take 12 MB
MAX_AROUND = 1024  # bytes that zip and NumPy put around an array
# What zipfile, json, NumPy and pydantic raise for bytes that are no checkpoint.
ERRORS = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    RuntimeError,
    MemoryError,
    EOFError,
    OSError,
    SyntaxError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


class DamagedCheckpointError(ValueError):
    """Bytes that are no whole checkpoint of the network."""


@dataclass(frozen=True)
class Checkpoint:
    """Training after some epochs.

    Attributes:
        fingerprint: of the training, see `fit_network`.
        history: scores of each epoch, by name.
        arrays: values of all variables that training changes.
    """

    fingerprint: str
    history: History
    arrays: Arrays


class _Header(BaseModel):
    """What a file says of itself."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fingerprint: str
    history: History
    checksum: str


def save_checkpoint(file: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint to a new file.

    Raises:
        OSError: the file cannot be written.
    """
    header = {
        "fingerprint": checkpoint.fingerprint,
        "history": checkpoint.history,
        "checksum": _hash(checkpoint),
    }
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    arrays: dict[str, Any] = {"header": text}
    arrays |= {f"array_{index}": one for index, one in enumerate(checkpoint.arrays)}
    np.savez(file, **arrays)


def max_bytes(like: Sequence[NDArray[Any]]) -> int:
    """Give the size that a checkpoint of such arrays cannot exceed."""
    return MAX_HEADER + sum(array.nbytes + MAX_AROUND for array in like)


def parse_checkpoint(
    content: bytes, fingerprint: str, like: Sequence[NDArray[Any]]
) -> Checkpoint | None:
    """Read the bytes of a checkpoint.

    Args:
        content: of the whole file.
        fingerprint: that the checkpoint must have.
        like: arrays of the shapes and dtypes that it must have.

    Returns:
        None for one with another fingerprint.

    Raises:
        DamagedCheckpointError: the bytes are no whole checkpoint with such arrays; says
            why.
    """
    try:
        if len(content) > max_bytes(like):
            raise ValueError(f"it has more than {max_bytes(like)} bytes")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            header = _read_header(archive)
            if header.fingerprint != fingerprint:
                return None
            arrays = [
                _read_array(archive, f"array_{index}", one.dtype, one.nbytes, one.shape)
                for index, one in enumerate(like)
            ]
            if len(archive.namelist()) != len(like) + 1:
                raise ValueError(f"expected {len(like)} arrays, got others as well")
        checkpoint = Checkpoint(fingerprint, header.history, arrays)
        if _hash(checkpoint) != header.checksum:
            raise ValueError("its checksum is another")
    except ERRORS as error:
        raise DamagedCheckpointError(describe_error(error)) from error
    return checkpoint


def _read_header(archive: zipfile.ZipFile) -> _Header:
    """Read what a checkpoint says of itself."""
    text = _read_array(archive, "header", np.dtype(np.uint8), MAX_HEADER)
    return _Header.model_validate(json.loads(text.tobytes()))


def _read_array(
    archive: zipfile.ZipFile,
    name: str,
    dtype: np.dtype[Any],
    max_size: int,
    shape: tuple[int, ...] | None = None,
) -> NDArray[Any]:
    """Read one array of this dtype, and of this shape if one is given."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED:  # a few bytes could grow to any size
        raise ValueError(f"{name} is compressed")
    with archive.open(info) as member:
        np.lib.format.read_magic(member)
        found = np.lib.format.read_array_header_1_0(member)
        if found[2] != dtype or (shape is not None and found[0] != shape):
            raise ValueError(
                f"{name}: expected {dtype} {shape}, got {found[2]} {found[0]}"
            )
        data = member.read(max_size + 1)
    return np.frombuffer(data, dtype).reshape(found[0])


def _hash(checkpoint: Checkpoint) -> str:
    """Give the checksum of a checkpoint."""
    history = json.dumps(checkpoint.history)  # NaN equals itself here
    return hash_data([checkpoint.fingerprint, history, checkpoint.arrays])

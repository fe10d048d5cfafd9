"""NumPy arrays on disk: one array as .npy, several as .npz.

What a file says of its arrays is compared with its size before memory is taken, so that
reading takes no more memory than twice the file's size: an .npz must be uncompressed.
"""

import ast
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from kedro.io import DatasetError
from numpy.lib import format as npy
from numpy.typing import NDArray

from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.messages import one_line

Arrays = NDArray[Any] | Mapping[str, NDArray[Any]]

ZIP = b"PK"  # first bytes of an .npz
MAX_HEADER = 10_000  # characters of an array's description, as in NumPy
MAX_ARRAYS = 1_000  # in an .npz
MAX_AXES = 32
MAX_CHARACTER = 0x10FFFF  # of Unicode
KINDS = "biufUS"  # booleans, numbers, text: no pickled objects, no nested types
ENCRYPTED = 0x1  # flag of a member of a zip


def read_arrays(filepath: Path) -> Any:
    """Read a .npy as an array, a .npz as a dict of arrays; never unpickle.

    Raises:
        DatasetError: no such file, or not a whole array file, or a pickle inside, or
            one that takes more memory than its size.
    """
    if not filepath.is_file():
        raise DatasetError(
            f"expected a NumPy file at {filepath}, found none; run the pipeline that "
            "writes it again."
        )
    try:
        size = filepath.stat().st_size
        with filepath.open("rb") as file:
            is_zip = file.read(len(ZIP)) == ZIP
            file.seek(0)
            return _read_zip(file, size) if is_zip else _read_array(file, size)
    except Exception as error:  # zips and headers that lie raise nearly every kind
        raise DatasetError(
            f"expected a whole NumPy file without pickled objects at {filepath} "
            f"({filepath.stat().st_size} bytes), got one that NumPy cannot read: "
            f"{one_line(error)}; make or download it again."
        ) from error


def read_array(filepath: Path) -> NDArray[Any]:
    """Read a .npy; see `read_arrays`.

    Raises:
        DatasetError: see `read_arrays`; or several arrays.
    """
    array = read_arrays(filepath)
    if not isinstance(array, np.ndarray):
        raise DatasetError(
            f"expected one array in {filepath}, got an .npz of {len(array)}; save one "
            "array with `numpy.save`."
        )
    return array


def write_arrays(filepath: Path, data: Arrays) -> None:
    """Write an array as .npy, a dict of arrays as .npz; never pickle."""
    filepath.parent.mkdir(parents=True, exist_ok=True)
    with filepath.open("wb") as file:
        if isinstance(data, Mapping):
            np.savez(file, allow_pickle=False, **data)
        else:
            np.save(file, data, allow_pickle=False)


def _read_zip(file: IO[bytes], size: int) -> dict[str, NDArray[Any]]:
    """Read the arrays of an .npz whose members are no larger than the file."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        names = {_name_array(member) for member in members}
        if len(members) > MAX_ARRAYS or len(names) < len(members):
            raise ValueError(f"it has {len(members)} arrays of {len(names)} names")
        if any(
            one.compress_type != zipfile.ZIP_STORED or one.flag_bits & ENCRYPTED
            for one in members
        ):
            raise ValueError(
                "its arrays are compressed or encrypted; save them with numpy.savez"
            )
        if sum(member.file_size for member in members) > size:
            raise ValueError("its arrays are larger than the file")
        arrays = {}
        for member in members:
            with archive.open(member) as part:
                arrays[_name_array(member)] = _read_array(part, member.file_size)
        return arrays


def _name_array(member: zipfile.ZipInfo) -> str:
    """Give the name under which NumPy saved a member."""
    return member.filename.removesuffix(".npy")


def _read_array(file: IO[bytes], size: int) -> NDArray[Any]:
    """Read one array that fills a file of that size, in bytes."""
    dtype, shape = _read_header(file)
    taken = math.prod(shape) * dtype.itemsize
    if taken != size - file.tell():
        raise ValueError(
            f"its header says {dtype} {shape}, {taken} bytes, but "
            f"{max(size - file.tell(), 0)} bytes follow"
        )
    file.seek(0)
    array: NDArray[Any] = npy.read_array(
        file, allow_pickle=False, max_header_size=MAX_HEADER
    )
    if file.read(1):  # also checks the checksum of a zip's member
        raise ValueError("more bytes follow its array")
    if dtype.kind == "U" and array.size:
        flat = np.ascontiguousarray(array).reshape(-1)
        codes = flat.view(np.dtype(np.uint32).newbyteorder(dtype.byteorder))
        if codes.max() > MAX_CHARACTER:
            raise ValueError("its text is not Unicode")
    return array


def _read_header(file: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Read what a .npy says of its array, without trusting it.

    Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
    """
    major, _ = npy.read_magic(file)
    length_bytes = 2 if major == 1 else 4
    length = int.from_bytes(file.read(length_bytes), "little")
    if length > MAX_HEADER:
        raise ValueError(f"its header has {length} bytes, more than {MAX_HEADER}")
    text = file.read(length).decode("latin1")
    # Python 2 wrote long integers, as in (280L, 1850L).
    header = ast.literal_eval(re.sub(r"(\d)L\b", r"\1", text.strip()))
    kind, shape = header["descr"], header["shape"]
    dtype = np.dtype(kind) if isinstance(kind, str) else None
    if dtype is None or dtype.kind not in KINDS or not dtype.itemsize:
        raise ValueError(f"it holds {kind}, neither real numbers nor text")
    axes = shape if isinstance(shape, tuple) else (-1,)
    if len(axes) > MAX_AXES or any(type(n) is not int or n < 0 for n in axes):
        raise ValueError(f"its shape is {shape}")
    return dtype, axes


class NumpyDataset(PathDataset[Arrays, Any]):
    """One array in a .npy file, or a dict of arrays in a .npz file.

    Example:
        >>> dataset = NumpyDataset(filepath=f"{tmp_path}/faces.npy")
        >>> dataset.save(np.zeros((2, 50, 37)))
        >>> dataset.load().shape
        (2, 50, 37)
    """

    def load(self) -> Any:
        return read_arrays(self._filepath)

    def save(self, data: Arrays) -> None:
        write_arrays(self._filepath, data)

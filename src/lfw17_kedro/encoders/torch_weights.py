"""Reads PyTorch weight files without PyTorch, and hands their parameters out.

`torch.save` has written a state dict (parameter name -> tensor) in two formats:

- before PyTorch 1.6: five pickles (a magic number, a version, the machine's sizes, the
  state dict, the keys of its storages), then each storage in the order of the keys: the
  count of its elements as int64, and the elements;
- since: an uncompressed zip of <folder>/data.pkl, the state dict, and
  <folder>/data/<key>, the elements of each storage.

A pickle can run any function that it names; the unpickler here allows only those that
build tensors.

Source: torch/serialization.py and torch/_utils.py, PyTorch 2.13.
"""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from lfw17_kedro.types import F32

Array = NDArray[Any]

# torch/serialization.py; both open the file in the format before the zip.
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001

# What the elements of each storage class are, on a little-endian machine.
DTYPES = {
    "torch.DoubleStorage": "<f8",
    "torch.FloatStorage": "<f4",
    "torch.HalfStorage": "<f2",
    "torch.LongStorage": "<i8",
    "torch.IntStorage": "<i4",
    "torch.ShortStorage": "<i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
    "torch.BoolStorage": "?",
}

# A batch norm's parameters in Keras's order: gamma, beta, moving mean and variance.
_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


def read_state_dict(data: bytes, name: str) -> dict[str, Array]:
    """Read every tensor of a weights file.

    Args:
        data: the content of a file that `torch.save(network.state_dict())` wrote.
        name: of the file, for error messages.

    Returns:
        Parameter name -> array of the tensor's own shape and dtype, in file order.

    Raises:
        ValueError: `data` is truncated, no such file, or names any class or function
            but those that build tensors.
    """
    try:
        is_zip = data.startswith(b"PK\x03\x04")
        table, storages = _read_zip(data) if is_zip else _read_five_pickles(data)
        if not isinstance(table, dict):
            raise ValueError(f"it holds a {type(table).__name__}, no state dict")
        return {key: _copy_tensor(key, table[key], storages) for key in table}
    except Exception as error:  # damaged pickles raise nearly every kind of error
        raise ValueError(
            f"{name}: expected the weights of a PyTorch network, got {len(data)} bytes "
            f"that cannot be read ({error}); use the published file, whole."
        ) from error


class Weights:
    """Parameters of a state dict, each to be used once."""

    def __init__(self, arrays: Mapping[str, Array], name: str) -> None:
        """Hold the parameters.

        Args:
            arrays: parameter name -> array, as from `read_state_dict`.
            name: of the network, for error messages.
        """
        self._unused = dict(arrays)
        self._name = name

    def take(self, key: str, shape: tuple[int, ...]) -> F32:
        """Hand out one parameter as float32 and mark it as used.

        Raises:
            ValueError: the parameter is missing, used before or of another shape.
        """
        if key not in self._unused:
            raise ValueError(
                f"{self._name} needs the parameter {key} once, but the weights do not "
                "hold it or it is used already; use the published weights of "
                f"{self._name}."
            )
        array = self._unused.pop(key)
        if array.shape != shape:
            raise ValueError(
                f"{self._name} needs {key} of shape {shape}, got {array.shape}; use "
                f"the published weights of {self._name}."
            )
        return np.asarray(array, np.float32)

    def take_kernel(self, key: str, shape: tuple[int, int, int, int]) -> F32:
        """Hand out a convolution kernel of OIHW `shape` in Keras's order, HWIO."""
        return self.take(key, shape).transpose(2, 3, 1, 0)

    def take_batch_norm(self, key: str, width: int) -> list[F32]:
        """Hand out a batch norm's gamma, beta, mean and variance, (width,) each.

        The count of training batches that PyTorch keeps beside them is not needed.
        """
        self.ignore([f"{key}.num_batches_tracked"])
        return [self.take(f"{key}.{part}", (width,)) for part in _BATCH_NORM]

    def ignore(self, keys: Iterable[str]) -> None:
        """Mark parameters as known but not needed, where there are such."""
        for key in keys:
            self._unused.pop(key, None)

    def check_all_used(self) -> None:
        """Refuse weights that hold more than the network.

        Raises:
            ValueError: a parameter is left over; names the first few.
        """
        if self._unused:
            named = ", ".join(list(self._unused)[:5])
            raise ValueError(
                f"{self._name} has no place for {len(self._unused)} parameters of the "
                f"weights ({named}); use the published weights of {self._name}."
            )


class _Storage(NamedTuple):
    """A flat run of elements, kept elsewhere in the file."""

    key: str
    dtype: str
    size: int


class _Tensor(NamedTuple):
    """A view into a storage, not yet checked; offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _TensorUnpickler(pickle.Unpickler):
    """Builds `_Tensor`s and plain containers; refuses all else by name."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str, /) -> Any:
        """Return the stand-in of a class or function that the pickle names."""
        full_name = f"{module}.{name}"
        if full_name in DTYPES:
            return full_name
        if full_name == "collections.OrderedDict":
            return OrderedDict
        # A pickle may set attributes of what it is given: give it a new function.
        if full_name == "torch._utils._rebuild_tensor_v2":
            return lambda *arguments: _Tensor(*arguments[:4])
        if full_name == "torch._utils._rebuild_parameter":
            return lambda tensor, *_: tensor
        raise pickle.UnpicklingError(
            f"it names {full_name}, and nothing but tensors is built from it"
        )

    def persistent_load(self, pid: Any) -> _Storage:
        """Return the storage that the pickle refers to."""
        match pid:
            case ("storage", str(kind), str(key), _, int(count), *view):
                # view: [], or [None] before the zip format
                if kind in DTYPES and not any(view):
                    storage = _Storage(key, DTYPES[kind], count)
                    return self.storages.setdefault(key, storage)
        raise pickle.UnpicklingError(f"it refers to {pid!r}, which is no storage")


def _read_five_pickles(data: bytes) -> tuple[Any, dict[str, Array]]:
    """Read the format before the zip: the state dict and the elements by key."""
    file = io.BytesIO(data)
    if _TensorUnpickler(file).load() != MAGIC_NUMBER:
        raise ValueError("no PyTorch magic number")
    if (version := _TensorUnpickler(file).load()) != PROTOCOL_VERSION:
        raise ValueError(f"version {version}, not {PROTOCOL_VERSION}")
    if not _TensorUnpickler(file).load()["little_endian"]:
        raise ValueError("it comes from a big-endian machine")
    unpickler = _TensorUnpickler(file)
    table = unpickler.load()
    keys = _TensorUnpickler(file).load()
    elements = {}
    for key in keys:
        _, dtype, expected = unpickler.storages[key]
        count = int.from_bytes(file.read(8), "little")
        if count != expected:
            raise ValueError(f"storage {key} has {count} elements, not {expected}")
        elements[key] = np.frombuffer(data, dtype, count, file.tell())
        file.seek(elements[key].nbytes, io.SEEK_CUR)
    return table, elements


def _read_zip(data: bytes) -> tuple[Any, dict[str, Array]]:
    """Read the zip format: the state dict and the elements by key."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError(f"a zip with {len(pickles)} files data.pkl, not 1")
        folder = pickles[0].removesuffix("data.pkl")
        order = f"{folder}byteorder"  # PyTorch 2.1 and later say it
        if order in names and archive.read(order) != b"little":
            raise ValueError("it comes from a big-endian machine")
        unpickler = _TensorUnpickler(io.BytesIO(archive.read(pickles[0])))
        table = unpickler.load()
        elements = {}
        for key, dtype, expected in unpickler.storages.values():
            elements[key] = np.frombuffer(archive.read(f"{folder}data/{key}"), dtype)
            if (count := elements[key].size) != expected:
                raise ValueError(f"storage {key} has {count} elements, not {expected}")
    return table, elements


def _copy_tensor(key: str, tensor: Any, storages: Mapping[str, Array]) -> Array:
    """Copy one tensor out of its storage, after checking that it lies inside."""
    match tensor:
        case _Tensor(_Storage(storage), int(offset), tuple(shape), tuple(strides)):
            flat = storages[storage]
        case _:
            raise ValueError(f"{key} is no tensor")
    numbers = (offset, *shape, *strides)
    if len(shape) != len(strides) or not all(
        isinstance(number, int) and number >= 0 for number in numbers
    ):
        raise ValueError(f"{key} has shape {shape}, strides {strides} at {offset}")
    count = math.prod(shape)
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if count and (last >= flat.size or count > flat.size):
        raise ValueError(
            f"{key} of shape {shape}, strides {strides} at {offset} lies outside its "
            f"storage of {flat.size} elements"
        )
    steps = [step * flat.itemsize for step in strides]
    return as_strided(flat[offset:], shape, steps).copy()

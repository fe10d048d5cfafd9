"""Reads PyTorch weight files without PyTorch, and hands their parameters out.

`torch.save` has written a state dict (parameter name -> tensor) in two formats:

- before PyTorch 1.6: five pickles (a magic number, a version, the machine's sizes, the
  state dict, the keys of its storages), then each storage in the order of the keys: the
  count of its elements as int64, and the elements;
- since: an uncompressed zip of <folder>/data.pkl, the state dict, and
  <folder>/data/<key>, the elements of each storage.

The pickles build tensors and run nothing: see `tensor_pickle`. The file may have
`MAX_BYTES`. Its tensors, which may overlap in a storage, may have twice as many bytes
as the file.

Source: torch/serialization.py, PyTorch 2.13.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from lfw17_kedro.encoders.tensor_pickle import (
    MAGIC_NUMBER,
    Storage,
    Tensor,
    TensorPickle,
)
from lfw17_kedro.encoders.zip_members import read_members
from lfw17_kedro.messages import one_line
from lfw17_kedro.types import F32

Array = NDArray[Any]

PROTOCOL_VERSION = 1001  # torch/serialization.py; follows the magic number

# The published files hold 19 and 112 MB.
MAX_BYTES = 256 << 20
MAX_AXES = 8

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
        ValueError: `data` is truncated, no such file, beyond the limits, or names any
            class or function but those that build tensors.
    """
    try:
        if len(data) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        is_zip = data.startswith(b"PK\x03\x04")
        table, storages = _read_zip(data) if is_zip else _read_five_pickles(data)
        if not isinstance(table, dict):
            raise ValueError(f"it holds a {type(table).__name__}, no state dict")
        views = {key: _view_tensor(key, table[key], storages) for key in table}
        if sum(view.nbytes for view in views.values()) > 2 * len(data):
            raise ValueError("its tensors hold more than twice the bytes of the file")
        return {key: view.copy() for key, view in views.items()}
    except ValueError as error:
        raise ValueError(
            f"{name}: expected the weights of a PyTorch network, got {len(data)} bytes "
            f"that cannot be read ({one_line(error)}); use the published file, whole."
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

    def take_batch_norm(self, key: str, width: int) -> tuple[F32, F32, F32, F32]:
        """Hand out a batch norm's gamma, beta, mean and variance, (width,) each.

        The count of training batches that PyTorch keeps beside them is not needed.
        """
        self.ignore([f"{key}.num_batches_tracked"])
        gamma, beta, mean, variance = (
            self.take(f"{key}.{part}", (width,)) for part in _BATCH_NORM
        )
        return gamma, beta, mean, variance

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


def _read_five_pickles(data: bytes) -> tuple[Any, dict[str, Array]]:
    """Read the format before the zip: the state dict and the elements by key."""
    magic = TensorPickle(data)
    if magic.value != MAGIC_NUMBER:
        raise ValueError("no PyTorch magic number")
    version = TensorPickle(data, magic.end)
    if version.value != PROTOCOL_VERSION:
        raise ValueError(f"a version of the format other than {PROTOCOL_VERSION}")
    machine = TensorPickle(data, version.end)
    if not isinstance(machine.value, dict) or not machine.value.get("little_endian"):
        raise ValueError("it does not come from a little-endian machine")
    table = TensorPickle(data, machine.end)
    keys = TensorPickle(data, table.end)
    if not isinstance(keys.value, list) or not all(
        isinstance(key, str) and key in table.storages for key in keys.value
    ):
        raise ValueError("its list of storages is not that of its tensors")
    elements, start = {}, keys.end
    for key in keys.value:
        storage = table.storages[key]
        count = int.from_bytes(data[start : start + 8], "little")
        if count != storage.size:
            raise ValueError(f"storage {key} has {count} elements, not {storage.size}")
        elements[key] = _read_elements(storage, data, start + 8)
        start += 8 + elements[key].nbytes
    return table.value, elements


def _read_zip(data: bytes) -> tuple[Any, dict[str, Array]]:
    """Read the zip format: the state dict and the elements by key."""
    members = read_members(data, lambda name: True, max_bytes=len(data))
    pickles = [name for name in members if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ValueError(f"a zip with {len(pickles)} files data.pkl, not 1")
    folder = pickles[0].removesuffix("data.pkl")
    # PyTorch 2.1 and later say it
    if members.get(f"{folder}byteorder", b"little") != b"little":
        raise ValueError("it does not come from a little-endian machine")
    table = TensorPickle(members[pickles[0]])
    elements = {}
    for key, storage in table.storages.items():
        content = members.get(f"{folder}data/{key}")
        if content is None:
            raise ValueError(f"storage {key} is missing")
        elements[key] = _read_elements(storage, content)
    return table.value, elements


def _read_elements(storage: Storage, data: bytes, start: int = 0) -> Array:
    """View the elements of a storage, after checking that the data holds them."""
    present = (len(data) - start) // np.dtype(storage.dtype).itemsize
    if storage.size > present:
        raise ValueError(
            f"storage {storage.key} has {present} elements, not {storage.size}"
        )
    return np.frombuffer(data, storage.dtype, storage.size, start)


def _view_tensor(key: str, tensor: Any, storages: Mapping[str, Array]) -> Array:
    """View one tensor in its storage, after checking that it lies inside."""
    match tensor:
        case Tensor(Storage(storage), offset, tuple(shape), tuple(strides)):
            numbers = (offset, *shape, *strides)
        case _:
            raise ValueError(f"{key} is no tensor")
    if storage not in storages:
        raise ValueError(f"storage {storage} is missing")
    flat = storages[storage]
    if len(shape) > MAX_AXES or not all(type(number) is int for number in numbers):
        raise ValueError(f"the shape, strides or offset of {key} are none")
    count = math.prod(shape)
    last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=False))
    if (
        len(shape) != len(strides)
        or min(numbers) < 0
        or max(*numbers, count) > flat.size
        or (count and last >= flat.size)
    ):
        raise ValueError(
            f"{key} of shape {shape}, strides {strides} at {offset} lies outside its "
            f"storage of {flat.size} elements"
        )
    steps = [step * flat.itemsize for step in strides]
    return as_strided(flat[offset:], shape, steps)

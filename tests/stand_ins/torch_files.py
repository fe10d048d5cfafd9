"""Writes files as `torch.save` does, without PyTorch."""

import io
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from types import ModuleType
from unittest import mock

import numpy as np

# Stand-ins that pickle under PyTorch's names.
FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
LongStorage = type("LongStorage", (), {"__module__": "torch"})


def _rebuild_tensor_v2(*arguments):
    raise AssertionError("only the reader builds tensors")


_rebuild_tensor_v2.__module__ = "torch._utils"
TORCH = ModuleType("torch")
TORCH.FloatStorage, TORCH.LongStorage = FloatStorage, LongStorage
TORCH._utils = ModuleType("torch._utils")
TORCH._utils._rebuild_tensor_v2 = _rebuild_tensor_v2


class Storage:
    def __init__(self, key, kind, values):
        self.key, self.kind, self.values = key, kind, values


class Tensor:
    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, shape, strides, False, OrderedDict())

    def __reduce__(self):
        return _rebuild_tensor_v2, self.arguments


class TorchPickler(pickle.Pickler):
    def persistent_id(self, item):
        if isinstance(item, Storage):
            size = item.values.size
            return "storage", item.kind, item.key, "cpu", size, None
        return None


def dump(content):
    """Pickle as PyTorch does: protocol 2, storages by persistent id."""
    file = io.BytesIO()
    with mock.patch.dict(sys.modules, {"torch": TORCH, "torch._utils": TORCH._utils}):
        TorchPickler(file, 2).dump(content)
    return file.getvalue()


def write_five_pickles(content, storages):
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    head = [0x1950A86A20F9469CFC6C, 1001, machine, content, [s.key for s in storages]]
    body = [struct.pack("<q", s.values.size) + s.values.tobytes() for s in storages]
    return b"".join([*map(dump, head), *body])


def write_zip(content, storages):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", dump(content))
        archive.writestr("archive/byteorder", "little")
        for storage in storages:
            archive.writestr(f"archive/data/{storage.key}", storage.values.tobytes())
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def write_state_dict(arrays, write=write_five_pickles):
    """Write {name: float32 or int64 array} as the file of a state dict."""
    kinds = {np.dtype("<f4"): FloatStorage, np.dtype("<i8"): LongStorage}
    state, storages = OrderedDict(), []
    for number, (name, array) in enumerate(arrays.items()):
        values = np.ascontiguousarray(array).ravel()
        storages.append(Storage(str(number), kinds[values.dtype], values))
        strides = [step // array.itemsize for step in array.strides]
        state[name] = Tensor(storages[-1], 0, array.shape, tuple(strides))
    return write(state, storages)

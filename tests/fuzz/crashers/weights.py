"""Weights that once crashed, hung, grew or ran something."""

import os
import pickle
import struct
from collections import OrderedDict

import numpy as np
from tests.fuzz import seeds
from tests.fuzz.crashers.parts import Crashers, RunOnLoad, make_zips, write_bomb
from tests.fuzz.pickle_format import split_pickles
from tests.fuzz.protobuf_format import BYTES, VARINT, serialize
from tests.fuzz.zip_format import read_zip, write_zip
from tests.stand_ins.torch_files import (
    FloatStorage,
    Storage,
    Tensor,
    write_five_pickles,
)
from tests.stand_ins.torch_files import write_zip as write_torch_zip


def make_dlib() -> Crashers:
    """A hang by negative sizes, numbers that do not fit, a file that ends early."""
    two = b"\x01\x02"

    def sizes(*raw: bytes) -> bytes:
        return b"con_4" + two + b"".join(raw)

    negative = b"\x81\x05"
    return {
        "negative": sizes(negative, b"\x01\x01", b"\x01\x01", b"\x01\x01") + bytes(40),
        "negative-twice": sizes(negative, negative, b"\x01\x01", b"\x01\x01") * 3,
        "overflow": sizes(*[b"\x0f" + b"\xff" * 15] * 4),
        "zero": sizes(*[b"\x01\x00"] * 4) * 100,
        "ends-in-integer": b"fc_2\x08\x01",
    }


def make_torch_pickles() -> Crashers:
    """Memory by the memo, calls, numbers and depth."""
    good = seeds.make_torch_pickles()[0]
    opcodes = split_pickles(good)
    magic = b"".join(opcodes[: opcodes.index(b".") + 1])
    floats = Storage("0", FloatStorage, np.arange(8, dtype="<f4"))

    def state(**tensors: Tensor) -> bytes:
        return write_five_pickles(OrderedDict(tensors), [floats])

    small = Tensor(floats, 0, (8,), (1,))
    return {
        "memo": b"\x80\x02}"
        + b"".join(b"r" + struct.pack("<I", 1 << n) for n in range(1, 30))
        + b".",
        "memo-once": b"\x80\x02Nr\xff\xff\xff\x7f.",
        "os-system": write_five_pickles({"w": RunOnLoad(os.system, "touch ran")}, []),
        "eval": write_five_pickles({"w": RunOnLoad(eval, "1")}, []),
        "loads": write_five_pickles({"w": RunOnLoad(pickle.loads, b"N.")}, []),
        "deep": magic + b"\x80\x02" + b"]" + b"\x85" * 8000 + b".",
        "long": b"\x80\x02\x8b\xff\xff\xff\x7f.",
        "digits": b"I" + b"9" * 5000 + b"\n.",
        "stride-0": state(w=Tensor(floats, 0, (2**20, 2**20), (0, 0))),
        "many-views": state(**{f"w{n}": small for n in range(100)}),
        "float-line": b"F1e\n999\n.",
    }


def make_torch_zips() -> Crashers:
    """The same in a zip, and members that expand."""
    floats = Storage("0", FloatStorage, np.arange(8, dtype="<f4"))
    good = read_zip(write_torch_zip({"w": Tensor(floats, 0, (8,), (1,))}, [floats]))
    other = [(n, c) for n, c in good if not n.endswith("data/0")]
    return {
        "os-system": write_torch_zip({"w": RunOnLoad(os.system, "touch ran")}, []),
        "bomb": write_bomb("archive/data/0", b"", other),
        "bomb-pickle": write_bomb("archive/data.pkl", b"\x80\x02N", []),
        "double": write_zip([*good, *good]),
        "memo": write_zip([("archive/data.pkl", b"\x80\x02Nr\xff\xff\xff\x7f.")]),
        "no-member": write_zip(other),
    }


def make_facenet_zips() -> Crashers:
    """Archives that do not open, and a graph that expands."""
    return make_zips(seeds.make_facenet_zips()[0]) | {
        "bomb": write_bomb("a/model.pb", b"", []),
        "two-graphs": write_zip([("a.pb", b""), ("b.pb", b"")]),
    }


def make_graphs() -> Crashers:
    """Graphs that write files, run in circles or lie about sizes."""

    def node(name: str, op: str, *inputs: str, **attr: bytes) -> bytes:
        fields = [(1, BYTES, name.encode()), (2, BYTES, op.encode())]
        fields += [(3, BYTES, one.encode()) for one in inputs]
        fields += [
            (5, BYTES, serialize([(1, BYTES, k.encode()), (2, BYTES, v)]))
            for k, v in attr.items()
        ]
        return serialize([(1, BYTES, serialize(fields))])

    def constant(dtype: int, content: bytes, *shape: int) -> bytes:
        sizes = [(2, BYTES, serialize([(1, VARINT, n % 2**64)])) for n in shape]
        tensor = [(1, VARINT, dtype), (2, BYTES, serialize(sizes)), (4, BYTES, content)]
        value = serialize([(8, BYTES, serialize(tensor))])
        name = "InceptionResnetV1/Conv2d_1a_3x3/weights"
        return node(name, "Const", value=value)

    ends = node("input", "Placeholder") + node("phase_train", "Placeholder")
    return {
        "write-file": ends + node("embeddings", "WriteFile", "input", "phase_train"),
        "circle": ends + node("embeddings", "Identity", "a") + node("a", "Add", "a"),
        "deep": serialize([(1, BYTES, b"\x2a\x02" * 2000)]),
        "shape": ends + constant(1, b"", 2**40, 2**20) + node("embeddings", "NoOp"),
        "shape-negative": constant(1, bytes(8), -1, 2),
        "shape-many": constant(1, bytes(4), *[1] * 300),
        "short": constant(1, bytes(4), 3, 3, 3, 32),
        "text": constant(7, b"\xff", 1),
        "double": ends * 2,
        "not-utf8": node("embeddings", "Const") + b"\x0a\x05\x0a\x03\xff\xfe\xfd",
        "html": b"<!DOCTYPE html><title>Not found</title>",
        "empty": b"",
    }

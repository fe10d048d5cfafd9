"""Reads the constants of a frozen TensorFlow graph; the graph is never run.

A frozen graph is a serialized GraphDef of TensorFlow 1 whose variables are constants.
TensorFlow runs any operation that a graph names, and some of them write files or end
the process. So the file is split into its nodes here, and only the float32 constants
among them are read.

The limits: `MAX_BYTES` of the file and of all constants, `MAX_NODES` nodes of
`MAX_NODE_BYTES` each, `MAX_AXES` axes. protobuf parses one node at a time, which takes
40 times the node's size at worst: the worst file takes 4 s and 350 MB.

Source: graph.proto, node_def.proto and tensor.proto of TensorFlow 2.21.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from lfw17_kedro.types import F32

# The published graph holds 23.5 million numbers; its largest constant, 1792 x 512, has
# 4 MB.
MAX_BYTES = 128 << 20
MAX_NODES = 100_000
MAX_NODE_BYTES = 8 << 20
MAX_AXES = 4

NODE = 1  # GraphDef.node, the field's number
VARINT, SIZED = 0, 2  # protobuf's wire types in a GraphDef
MAX_VARINT_BYTES = 10


def read_constants(graph: bytes, name: str) -> dict[str, F32]:
    """Read the float32 constants of a frozen graph.

    Args:
        graph: a serialized GraphDef.
        name: of the file, for error messages.

    Returns:
        Name of the node -> array of the constant's own shape, in file order.
        Constants of other types are left out.

    Raises:
        ValueError: `graph` is no GraphDef, is damaged or beyond the limits.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework.node_def_pb2 import NodeDef

    constants: dict[str, F32] = {}
    size = 0
    try:
        if len(graph) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        for content in _split_nodes(graph):
            node = NodeDef.FromString(content)
            # asking a map of protobuf for a value that is not there would add one
            if node.op != "Const" or "value" not in node.attr:
                continue
            array = _read_tensor(node.attr["value"].tensor, node.name, MAX_BYTES - size)
            if array is None:
                continue
            if node.name in constants:
                raise ValueError(f"two constants {node.name[:80]!r}")
            constants[node.name] = array
            size += array.nbytes
    except (DecodeError, ValueError) as error:
        raise ValueError(
            f"{name}: expected a frozen graph, got {len(graph)} bytes that are none "
            f"({error!s:.200}); use the published file, whole."
        ) from error
    return constants


def _split_nodes(graph: bytes) -> Iterator[bytes]:
    """Yield each node of a GraphDef, serialized; skip the GraphDef's other fields."""
    position = 0
    for _ in range(MAX_NODES):
        if position == len(graph):
            return
        tag, position = _read_varint(graph, position)
        field, wire_type = tag >> 3, tag & 7
        size, position = _read_varint(graph, position)
        if wire_type == VARINT:
            continue
        if wire_type != SIZED:
            raise ValueError(f"no field of a GraphDef before byte {position}")
        start, position = position, position + size
        if position > len(graph):
            raise ValueError(f"{size} bytes expected after byte {start}")
        if field == NODE:
            if size > MAX_NODE_BYTES:
                raise ValueError(f"a node of {size} bytes, more than {MAX_NODE_BYTES}")
            yield graph[start:position]
    raise ValueError(f"more than {MAX_NODES} nodes")


def _read_varint(data: bytes, start: int) -> tuple[int, int]:
    """Read one of protobuf's integers: its value and the position after it."""
    value = 0
    for i, byte in enumerate(data[start : start + MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * i
        if not byte & 0x80:
            return value, start + i + 1
    raise ValueError(f"no integer at byte {start}")


def _read_tensor(tensor: Any, name: str, max_bytes: int) -> F32 | None:
    """Read a TensorProto; give None if it is not of float32.

    Its numbers are bytes, or a list of which the only one may stand for all.
    """
    from tensorflow.core.framework.types_pb2 import DT_FLOAT

    if tensor.dtype != DT_FLOAT:
        return None
    if len(tensor.tensor_shape.dim) > MAX_AXES:
        raise ValueError(f"{len(tensor.tensor_shape.dim)} axes in {name[:80]!r}")
    shape = tuple(axis.size for axis in tensor.tensor_shape.dim)
    count = math.prod(shape)
    if min(shape, default=0) < 0 or 4 * count > max_bytes:
        raise ValueError(f"shape {shape} of {name[:80]!r}")
    content, values = tensor.tensor_content, tensor.float_val
    if content:
        if len(content) != 4 * count:
            raise ValueError(f"{len(content)} bytes for shape {shape} of {name[:80]!r}")
        return np.frombuffer(content, "<f4").reshape(shape)
    if len(values) not in (1, count):
        raise ValueError(f"{len(values)} numbers for shape {shape} of {name[:80]!r}")
    return np.array(np.broadcast_to(np.array(values, np.float32), count)).reshape(shape)

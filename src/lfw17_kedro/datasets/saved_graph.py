"""Look into the graph of a SavedModel before TensorFlow loads it.

A graph is a program: TensorFlow has operations that read and write files, or call
Python.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

MAX_GRAPH = 256 << 20  # bytes; dlib's encoder has 0.4 million
# Operations that compute from their inputs and the model's variables, nothing else: all
# that the project's encoders use, and their like. Without loops, so a call ends.
OPERATIONS = frozenset(
    """
    Abs Add AddN AddV2 All Any ArgMax AvgPool BatchMatMulV2 BiasAdd BroadcastTo Cast
    ClipByValue Concat ConcatV2 Const Conv2D DepthwiseConv2dNative DepthToSpace
    DisableCopyOnRead Div DivNoNan Einsum Elu EnsureShape Equal Exp ExpandDims Fill
    Floor FloorDiv FloorMod FusedBatchNormV3 GatherV2 Greater GreaterEqual Identity
    IdentityN L2Loss LeakyRelu Less LessEqual Log LogicalAnd LogicalNot LogicalOr MatMul
    Max MaxPool Maximum Mean Min Minimum Mul Neg NoOp NotEqual Pack Pad PadV2
    PartitionedCall Placeholder Pow Prod Range ReadVariableOp RealDiv Reciprocal Relu
    Relu6 Reshape ResizeBicubic ResizeBilinear ReverseV2 Rsqrt Select SelectV2 Selu
    Shape Sigmoid Sign Slice Softmax Softplus SpaceToDepth Split SplitV Sqrt Square
    SquaredDifference Squeeze StatefulPartitionedCall StopGradient StridedSlice Sub Sum
    Tanh Tile Transpose Unpack VarHandleOp
    """.split()
)
# What a SavedModel may consist of besides functions; no tables, no files, no resources.
OBJECTS = {
    "bare_concrete_function",
    "captured_tensor",
    "constant",
    "function",
    "user_object",
    "variable",
}


def check_graph(filepath: Path) -> None:
    """Refuse a SavedModel with a function that does more than compute.

    Only functions that can be called once the model is loaded count: the graph that
    every SavedModel has for saving itself again is never run.

    Args:
        filepath: of `saved_model.pb`.

    Raises:
        ValueError: another operation or object, a graph of TensorFlow 1, or no graph.
        OSError: the file cannot be read.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    if filepath.stat().st_size > MAX_GRAPH:
        raise ValueError(f"its graph has more than {MAX_GRAPH} bytes")
    saved = SavedModel()
    try:
        saved.ParseFromString(filepath.read_bytes())
    except DecodeError as error:
        raise ValueError(f"its graph is damaged ({error})") from error
    if len(saved.meta_graphs) != 1 or not saved.meta_graphs[0].object_graph_def.nodes:
        raise ValueError("it is no SavedModel of TensorFlow 2")
    [graph] = saved.meta_graphs
    objects = {node.WhichOneof("kind") for node in graph.object_graph_def.nodes}
    functions = {one.signature.name: one for one in graph.graph_def.library.function}
    found = _list_operations(graph.object_graph_def.concrete_functions, functions)
    if refused := sorted(set(found) - OPERATIONS) + sorted(map(str, objects - OBJECTS)):
        raise ValueError(
            f"it uses {', '.join(refused)}, which is not among the operations that "
            "this project runs (OPERATIONS in datasets/saved_graph.py)"
        )


def _list_operations(names: Iterable[str], functions: dict[str, Any]) -> Iterator[str]:
    """Give the operations of functions and of those that they call."""
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in functions:
            yield f"a function {name!r} that it does not define"
            continue
        for node in functions[name].node_def:
            yield node.op
            for value in node.attr.values():
                called = [value.func, *value.list.func]
                waiting += [one.name for one in called if one.name]

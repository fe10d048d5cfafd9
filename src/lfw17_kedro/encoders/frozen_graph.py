"""The frozen graphs of davidsandberg/facenet as Keras layers: faces -> embeddings.

A frozen graph is a GraphDef of TensorFlow 1 whose variables are constants. The nodes
that only training needs are still in it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lfw17_kedro.types import F32

if TYPE_CHECKING:
    import keras

# Its tensors, of index 0: freeze_graph.py and classifier.py of davidsandberg/facenet.
FACES, PHASE_TRAIN, EMBEDDINGS = "input", "phase_train", "embeddings"
SIZE = 160  # height and width of a face
DIMENSION = 512  # of an embedding
NORM_TOLERANCE = 1e-3  # of an embedding, from 1


def import_network(graph: bytes, name: str) -> "keras.Layer":
    """Import the network of a frozen graph, for inference.

    Args:
        graph: a serialized GraphDef with the tensors input:0 (n, 160, 160, 3) float32,
            phase_train:0 () bool and embeddings:0 (n, 512) float32. Nodes before the
            first two, the queues of training for example, are removed.
        name: of the file, for error messages.

    Returns:
        A Keras layer from standardised faces to embeddings.

    Raises:
        ValueError: `graph` is no GraphDef, or one of another network.
    """
    import tensorflow as tf

    definition, kernels = _keep_inference(graph, name)
    layer = _make_layer(definition, kernels)
    try:
        norm = float(tf.norm(layer(tf.ones((1, SIZE, SIZE, 3)))))
        if abs(norm - 1) > NORM_TOLERANCE:
            raise ValueError(f"embeddings of L2 norm {norm:.6f}")
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise ValueError(
            f"{name}: expected a graph from {FACES}:0 (n, {SIZE}, {SIZE}, 3) float32 "
            f"and {PHASE_TRAIN}:0 () bool to {EMBEDDINGS}:0 (n, {DIMENSION}) float32 "
            f"of L2 norm 1, got another: {error}; use a frozen graph of "
            "davidsandberg/facenet."
        ) from error
    return layer


def _make_layer(definition: Any, kernels: dict[str, F32]) -> "keras.Layer":
    """Make a Keras layer of a graph whose kernels are variables.

    As constants they would be copied again and again by TensorFlow's graph optimizer.
    """
    import keras
    import tensorflow as tf

    def run_graph(faces: Any, values: dict[str, Any]) -> Any:
        given = {f"{key}:0": value for key, value in values.items()}
        given |= {f"{FACES}:0": faces, f"{PHASE_TRAIN}:0": tf.constant(False)}
        [embeddings] = tf.graph_util.import_graph_def(
            definition, given, [f"{EMBEDDINGS}:0"], name=""
        )
        return tf.ensure_shape(embeddings, (None, DIMENSION))

    graph_function = tf.function(run_graph)

    class FrozenGraph(keras.Layer):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            super().__init__(name="frozen_graph")
            self.kernels = [
                keras.Variable(k, trainable=False) for k in kernels.values()
            ]

        def call(self, faces: Any) -> Any:
            values = (tf.convert_to_tensor(kernel) for kernel in self.kernels)
            return graph_function(faces, dict(zip(kernels, values, strict=True)))

        def compute_output_shape(self, shape: tuple[int | None, ...]) -> Any:
            return (shape[0], DIMENSION)

    return FrozenGraph()


def _keep_inference(graph: bytes, name: str) -> tuple[Any, dict[str, F32]]:
    """Read a GraphDef: the nodes from its inputs to its output, and its kernels.

    The training device and the colocation of each node are removed: that device or
    that other node may be missing.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    definition = tf.compat.v1.GraphDef()
    try:
        definition.ParseFromString(graph)
    except DecodeError as error:
        raise ValueError(
            f"{name}: expected a frozen graph, got {len(graph)} bytes that are none "
            f"({error}); use the published file, whole."
        ) from error
    given = (FACES, PHASE_TRAIN)
    nodes = {node.name: node for node in definition.node}
    if missing := [key for key in (*given, EMBEDDINGS) if key not in nodes]:
        raise ValueError(
            f"{name}: expected the tensors {FACES}:0, {PHASE_TRAIN}:0 and "
            f"{EMBEDDINGS}:0, missing: {', '.join(missing)}, among {len(nodes)} nodes "
            f"({', '.join([*nodes][:5])}, ...); use a frozen graph of "
            "davidsandberg/facenet."
        )
    inference = tf.compat.v1.GraphDef(
        library=definition.library, versions=definition.versions
    )
    kernels = {}
    for key in _walk_back(nodes, EMBEDDINGS, given):
        node = nodes[key]
        if _is_kernel(node):
            kernels[key] = tf.make_ndarray(node.attr["value"].tensor)
            continue
        node.device = ""
        node.attr.pop("_class", None)
        inference.node.append(node)
    return inference, kernels


def _is_kernel(node: Any) -> bool:
    """Tell constants of float32 with two axes or more."""
    import tensorflow as tf

    if node.op != "Const":  # asking for a value that is not there would add one
        return False
    value = node.attr["value"].tensor
    is_float = value.dtype == tf.float32.as_datatype_enum
    return is_float and len(value.tensor_shape.dim) > 1


def _walk_back(
    nodes: dict[str, Any], end: str, starts: Iterable[str]
) -> dict[str, None]:
    """Name the nodes from `starts` (without them) to `end` (with it)."""
    found: dict[str, None] = {}  # a set in the order of its making
    waiting = [end]
    while waiting:
        key = waiting.pop()
        if key in nodes and key not in found and key not in starts:
            found[key] = None
            waiting += [i.lstrip("^").partition(":")[0] for i in nodes[key].input]
    return found

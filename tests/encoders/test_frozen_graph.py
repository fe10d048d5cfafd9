import time

import numpy as np
import pytest

from lfw17_kedro.encoders import frozen_graph
from lfw17_kedro.encoders.frozen_graph import MAX_NODES, read_constants

VALUES = np.arange(6, dtype=np.float32).reshape(3, 2)


def make_graph(*nodes):
    """Make a GraphDef of nodes."""
    from tensorflow.core.framework.graph_pb2 import GraphDef

    graph = GraphDef()
    graph.node.extend(nodes)
    graph.versions.producer = 21
    return graph.SerializeToString()


def make_constant(name="a/weights", values=VALUES, **changes):
    """Make a node as TensorFlow freezes a variable; changes are those of its tensor."""
    import tensorflow as tf

    node = tf.compat.v1.NodeDef(name=name, op="Const")
    tensor = tf.make_tensor_proto(values)
    for field, value in changes.items():
        tensor.ClearField(field)
        if field == "tensor_shape":
            for size in value:
                tensor.tensor_shape.dim.add(size=size)
        elif field == "float_val":
            tensor.float_val.extend(value)
        else:
            setattr(tensor, field, value)
    node.attr["value"].tensor.CopyFrom(tensor)
    return node


def test_constants_are_those_of_tensorflow():
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        weights = tf.constant(VALUES, name="a/weights")
        tf.identity(weights, name="a/weights/read")
        tf.constant(0.17, name="mul/x")
        tf.constant(2.5, shape=(4,), name="equal")
        tf.constant([1, 2], name="integers")
        tf.constant(VALUES, tf.float64, name="doubles")
    content = graph.as_graph_def().SerializeToString()

    constants = read_constants(content, "net.pb")

    assert list(constants) == ["a/weights", "mul/x", "equal"]
    np.testing.assert_array_equal(constants["a/weights"], VALUES)
    np.testing.assert_array_equal(constants["mul/x"], np.float32(0.17))
    np.testing.assert_array_equal(constants["equal"], [2.5, 2.5, 2.5, 2.5])
    assert {array.dtype for array in constants.values()} == {np.dtype("<f4")}


def test_graph_that_writes_a_file_is_not_run(tmp_path):
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        write = tf.io.write_file(str(tmp_path / "ran"), "graph")
        with tf.control_dependencies([write]):
            tf.identity(tf.constant(VALUES, name="a/weights"), name="embeddings")
    content = graph.as_graph_def().SerializeToString()
    assert b"WriteFile" in content

    assert list(read_constants(content, "net.pb")) == ["a/weights"]

    assert not any(tmp_path.iterdir())


def test_one_number_may_stand_for_all():
    node = make_constant(tensor_content=b"", float_val=[1.5])

    [array] = read_constants(make_graph(node), "net.pb").values()

    np.testing.assert_array_equal(array, np.full((3, 2), 1.5))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tensor_content": b"\0" * 23}, r"23 bytes for shape \(3, 2\) of .a/weights."),
        ({"tensor_shape": (3, 3)}, r"24 bytes for shape \(3, 3\) of .a/weights."),
        ({"tensor_shape": (-3, -2)}, r"shape \(-3, -2\) of .a/weights."),
        ({"tensor_shape": (2**40, 2**40)}, r"shape \(10.*\) of .a/weights."),
        ({"tensor_shape": (1,) * 200}, "200 axes in .a/weights."),
        (
            {"tensor_content": b"", "float_val": [1.0, 2.0]},
            r"2 numbers for shape \(3, 2\) of .a/weights.",
        ),
        (
            {"name": "a\n\bweights", "tensor_content": b"\0" * 23},
            r"23 bytes for shape \(3, 2\) of 'a\\n\\x08weights'",  # on one line
        ),
        ({"tensor_content": b""}, r"0 numbers for shape \(3, 2\) of .a/weights."),
        (
            {"tensor_content": b"", "float_val": [1.0], "tensor_shape": (2**25 + 1,)},
            r"shape \(33554433,\) of .a/weights.",  # one number more than 128 MiB
        ),
    ],
)
def test_constants_that_contradict_themselves_are_refused(changes, message):
    graph = make_graph(make_constant(**changes))
    with pytest.raises(
        ValueError,
        match=rf"net\.pb: expected a frozen graph, got {len(graph)} bytes that are "
        rf"none \({message}\); use the published file, whole",
    ):
        read_constants(graph, "net.pb")


def test_constants_may_not_expand_beyond_the_limit_together(monkeypatch):
    monkeypatch.setattr(frozen_graph, "MAX_BYTES", 1_000)
    nodes = [
        make_constant(f"{i}/beta", tensor_content=b"", float_val=[1], tensor_shape=[99])
        for i in range(3)
    ]
    assert len(read_constants(make_graph(*nodes[:2]), "net.pb")) == 2
    with pytest.raises(ValueError, match=r"shape \(99,\) of .2/beta"):
        read_constants(make_graph(*nodes), "net.pb")


def test_two_constants_of_one_name_are_refused():
    graph = make_graph(make_constant(), make_constant())
    with pytest.raises(ValueError, match="two constants .a/weights"):
        read_constants(graph, "net.pb")


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (b"\x0a\x05\x0a", "5 bytes expected after byte 2"),
        (b"\x0a", "no integer at byte 1"),
        (b"\xff" * 20, "no integer at byte 0"),
        (b"<html>Not found</html>", "no field of a GraphDef before byte 2"),
        (b"\x0a\x02\x0a\x05", "Error parsing message"),  # a node cut short
        (b"\x0a\x02\x0a\x00" * (MAX_NODES + 1), f"more than {MAX_NODES} nodes"),
        (b"\x18\x01" * (MAX_NODES + 1), f"more than {MAX_NODES} nodes"),
        # attributes in lists in attributes, deeper than protobuf goes
        (None, "Error parsing message"),
    ],
)
def test_other_bytes_are_refused_at_once(graph, message):
    if graph is None:
        inner = b""
        for _ in range(1_000):
            inner = b"\x0a" + write_varint(len(inner)) + inner
            inner = b"\x52" + write_varint(len(inner)) + inner
        entry = b"\x12" + write_varint(len(inner)) + inner
        node = b"\x2a" + write_varint(len(entry)) + entry
        graph = b"\x0a" + write_varint(len(node)) + node
    start = time.process_time()

    with pytest.raises(ValueError, match=rf"net\.pb: .* that are none \({message}"):
        read_constants(graph, "net.pb")

    assert time.process_time() - start < 5


def write_varint(value):
    written = b""
    while value > 0x7F:
        written += bytes([value & 0x7F | 0x80])
        value >>= 7
    return written + bytes([value])


def test_large_files_and_nodes_are_refused_unread(monkeypatch):
    graph = make_graph(make_constant())
    monkeypatch.setattr(frozen_graph, "MAX_NODE_BYTES", 20)
    with pytest.raises(ValueError, match=r"a node of \d+ bytes, more than 20"):
        read_constants(graph, "net.pb")
    monkeypatch.setattr(frozen_graph, "MAX_BYTES", len(graph) - 1)
    with pytest.raises(ValueError, match=f"none .more than {len(graph) - 1} bytes"):
        read_constants(graph, "net.pb")


def test_every_damage_is_a_value_error_or_another_array():
    graph = make_graph(make_constant(), make_constant("b/beta", VALUES[0]))
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(2_000):
        damaged = bytearray(graph)
        for position in rng.integers(0, len(graph), 2):
            damaged[position] = rng.integers(256)
        try:
            constants = read_constants(bytes(damaged), "net.pb")
        except ValueError:
            refused += 1
        else:
            assert sum(array.nbytes for array in constants.values()) <= 64
    assert refused > 500
    for size in range(1, len(graph)):
        try:
            assert len(read_constants(graph[:size], "net.pb")) <= 2
        except ValueError:
            refused += 1

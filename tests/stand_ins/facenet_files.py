"""Files in FaceNet's formats with invented weights.

The published files cannot be reached from every machine. Parameters of the network's
real size are figures as for its golden numbers.
"""

import hashlib
import json
import runpy
from pathlib import Path

import numpy as np
from torch_files import write_state_dict

GOLDEN = Path(__file__).parents[1] / "encoders" / "golden"
FROZEN_GRAPH = "20180402-114759.pb"
STATE_DICT = "20180402-114759-vggface2.pt"


def sample_state_dict():
    """Draw all parameters of facenet-pytorch's network, 27.9 million."""
    draw = runpy.run_path(str(GOLDEN / "make_inception_resnet_v1.py"))
    with np.load(GOLDEN / "inception_resnet_v1.npz") as stored:
        shapes = json.loads(stored["shapes"].item())
    return draw["sample_parameters"](shapes)


def make_state_dict():
    """Make a .pt file of the real size."""
    return write_state_dict(sample_state_dict())


def make_frozen_graph(network=None, output="embeddings", unit=True):
    """Make a frozen graph as davidsandberg/facenet leaves it.

    Its input comes out of a training queue that nothing fills, what phase_train says
    goes through Switch and Merge, and nodes want a device and a neighbour.

    Args:
        network: maps (n, 160, 160, 3) to (n, 512) inside the graph; None for a small
            convolution.
        output: name of the last tensor.
        unit: scale embeddings to L2 norm 1.
    """
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default():
        queue = tf.queue.FIFOQueue(2, [tf.float32], shapes=[(160, 160, 3)])
        images = tf.identity(queue.dequeue_many(2), name="image_batch")
        images = tf.identity(images, name="input")
        phase_train = tf.compat.v1.placeholder(tf.bool, [], name="phase_train")
        features = (network or embed_little)(images)
        inferred, trained = tf.raw_ops.Switch(data=features, pred=phase_train)
        merged, _ = tf.raw_ops.Merge(inputs=[inferred, tf.roll(trained, 1, 1)])
        scaled = tf.nn.l2_normalize(merged, axis=1) if unit else merged
        tf.identity(scaled, name=output)
    definition = graph.as_graph_def()
    for node in definition.node:  # as training on another machine left them
        node.device = "/device:GPU:7"
        node.attr["_class"].list.s.append(b"loc:@image_batch")
    return definition.SerializeToString()


def embed_little(images):
    """Convolve, rectify and average: 512 channels that see the pixels' scale."""
    import tensorflow as tf

    rng = np.random.default_rng(5)
    kernel = rng.standard_normal((8, 8, 3, 512), np.float32) / np.float32(14)
    bias = rng.standard_normal(512, np.float32)
    images = tf.pad(images, [(0, 0), (4, 4), (4, 4), (0, 0)])
    maps = tf.nn.relu(tf.nn.conv2d(images, kernel, 8, "VALID") + bias)
    return tf.reduce_mean(maps, axis=[1, 2])


def freeze_inception_resnet_v1(arrays):
    """Make a frozen graph of the real size around the network of a state dict."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    from lfw17_kedro.encoders.inception_resnet_v1 import build_inception_resnet_v1

    network = tf.function(build_inception_resnet_v1(arrays))
    spec = tf.TensorSpec((None, 160, 160, 3), tf.float32, name="images")
    frozen = convert_variables_to_constants_v2(network.get_concrete_function(spec))
    given, made = frozen.inputs[0].name, frozen.outputs[0].name
    definition = frozen.graph.as_graph_def()

    def embed(images):
        return tf.graph_util.import_graph_def(
            definition, {given: images}, [made], name="InceptionResnetV1"
        )[0]

    return make_frozen_graph(embed)


def sha256(content):
    return hashlib.sha256(content).hexdigest()

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
    """Draw all parameters of facenet-pytorch's network, 27.9 million.

    Batch norms have a gamma of 1: those of the published files were trained so.
    """
    draw = runpy.run_path(str(GOLDEN / "make_inception_resnet_v1.py"))
    with np.load(GOLDEN / "inception_resnet_v1.npz") as stored:
        shapes = json.loads(stored["shapes"].item())
    arrays = draw["sample_parameters"](shapes)
    gammas = (key for key in arrays if key.endswith(("bn.weight", "last_bn.weight")))
    return arrays | {key: np.ones_like(arrays[key]) for key in gammas}


def make_state_dict():
    """Make a .pt file of the real size."""
    return write_state_dict(sample_state_dict())


def make_frozen_graph(arrays=None):
    """Make a frozen graph of the real size as davidsandberg/facenet leaves it.

    The network is written out as in src/models/inception_resnet_v1.py there. Its input
    comes out of a training queue that nothing fills, what phase_train says goes through
    Switch and Merge, and nodes want a device and a neighbour.

    Args:
        arrays: a state dict of facenet-pytorch; None for `sample_state_dict`.
    """
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default():
        queue = tf.queue.FIFOQueue(2, [tf.float32], shapes=[(160, 160, 3)])
        images = tf.identity(queue.dequeue_many(2), name="image_batch")
        images = tf.identity(images, name="input")
        phase_train = tf.compat.v1.placeholder(tf.bool, [], name="phase_train")
        slim = Slim(arrays or sample_state_dict())
        with tf.name_scope("InceptionResnetV1/"):
            features = slim.embed(images)
        inferred, trained = tf.raw_ops.Switch(data=features, pred=phase_train)
        merged, _ = tf.raw_ops.Merge(inputs=[inferred, tf.roll(trained, 1, 1)])
        tf.nn.l2_normalize(merged, axis=1, epsilon=1e-10, name="embeddings")
    definition = graph.as_graph_def()
    for node in definition.node:  # as training on another machine left them
        node.device = "/device:GPU:7"
        node.attr["_class"].list.s.append(b"loc:@image_batch")
    return definition.SerializeToString()


class Slim:
    """FaceNet's network with TensorFlow 1's operations and slim's names.

    Every parameter is a constant of its own name, and each key of the state dict is
    written beside the scope that it belongs to.
    """

    def __init__(self, arrays):
        self.arrays = arrays

    def embed(self, net):
        import tensorflow as tf

        conv = self.conv
        net = conv(net, "Conv2d_1a_3x3", "conv2d_1a", 2, "VALID")
        net = conv(net, "Conv2d_2a_3x3", "conv2d_2a", 1, "VALID")
        net = conv(net, "Conv2d_2b_3x3", "conv2d_2b")
        net = tf.nn.max_pool2d(net, 3, 2, "VALID")
        net = conv(net, "Conv2d_3b_1x1", "conv2d_3b", 1, "VALID")
        net = conv(net, "Conv2d_4a_3x3", "conv2d_4a", 1, "VALID")
        net = conv(net, "Conv2d_4b_3x3", "conv2d_4b", 2, "VALID")
        for i in range(5):
            net = self.block35(net, f"Repeat/block35_{i + 1}", f"repeat_1.{i}")
        net = self.reduction_a(net, "Mixed_6a", "mixed_6a")
        for i in range(10):
            net = self.block17(net, f"Repeat_1/block17_{i + 1}", f"repeat_2.{i}")
        net = self.reduction_b(net, "Mixed_7a", "mixed_7a")
        for i in range(5):
            net = self.block8(net, f"Repeat_2/block8_{i + 1}", f"repeat_3.{i}", 0.2)
        net = self.block8(net, "Block8", "block8", 1.0, activation=False)
        net = tf.reduce_mean(net, axis=[1, 2])
        matrix = self.constant("Bottleneck/weights", "last_linear.weight", (1, 0))
        return self.batch_norm(net @ matrix, "Bottleneck", "last_bn")

    def block35(self, net, scope, key):
        towers = (
            ["Conv2d_1x1"],
            ["Conv2d_0a_1x1", "Conv2d_0b_3x3"],
            ["Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_0c_3x3"],
        )
        return self.residual(net, scope, key, towers, 0.17)

    def block17(self, net, scope, key):
        towers = ["Conv2d_1x1"], ["Conv2d_0a_1x1", "Conv2d_0b_1x7", "Conv2d_0c_7x1"]
        return self.residual(net, scope, key, towers, 0.10)

    def block8(self, net, scope, key, scale, activation=True):
        towers = ["Conv2d_1x1"], ["Conv2d_0a_1x1", "Conv2d_0b_1x3", "Conv2d_0c_3x1"]
        return self.residual(net, scope, key, towers, scale, activation)

    def residual(self, net, scope, key, towers, scale, activation=True):
        import tensorflow as tf

        mixed = []
        for i, tower in enumerate(towers):
            outputs = net
            for j, name in enumerate(tower):
                part = f"branch{i}.{j}" if i else "branch0"
                outputs = self.conv(
                    outputs, f"{scope}/Branch_{i}/{name}", f"{key}.{part}"
                )
            mixed.append(outputs)
        kernel = self.constant(
            f"{scope}/Conv2d_1x1/weights", f"{key}.conv2d.weight", (2, 3, 1, 0)
        )
        biases = self.constant(f"{scope}/Conv2d_1x1/biases", f"{key}.conv2d.bias")
        up = tf.nn.conv2d(tf.concat(mixed, 3), kernel, 1, "SAME") + biases
        net += tf.constant(scale, name=f"{scope}/mul/x") * up
        return tf.nn.relu(net) if activation else net

    def reduction_a(self, net, scope, key):
        import tensorflow as tf

        branch = f"{scope}/Branch_1/Conv2d_"
        first = self.conv(
            net, f"{scope}/Branch_0/Conv2d_1a_3x3", f"{key}.branch0", 2, "VALID"
        )
        second = self.conv(net, f"{branch}0a_1x1", f"{key}.branch1.0")
        second = self.conv(second, f"{branch}0b_3x3", f"{key}.branch1.1")
        second = self.conv(second, f"{branch}1a_3x3", f"{key}.branch1.2", 2, "VALID")
        return tf.concat([first, second, tf.nn.max_pool2d(net, 3, 2, "VALID")], 3)

    def reduction_b(self, net, scope, key):
        import tensorflow as tf

        outputs = []
        for i in range(3):
            branch, part = f"{scope}/Branch_{i}/Conv2d_", f"{key}.branch{i}"
            tower = self.conv(net, f"{branch}0a_1x1", f"{part}.0")
            if i == 2:
                tower = self.conv(tower, f"{branch}0b_3x3", f"{part}.1")
            last = f"{part}.2" if i == 2 else f"{part}.1"
            outputs.append(self.conv(tower, f"{branch}1a_3x3", last, 2, "VALID"))
        return tf.concat([*outputs, tf.nn.max_pool2d(net, 3, 2, "VALID")], 3)

    def conv(self, net, scope, key, stride=1, padding="SAME"):
        import tensorflow as tf

        kernel = self.constant(f"{scope}/weights", f"{key}.conv.weight", (2, 3, 1, 0))
        net = tf.nn.conv2d(net, kernel, stride, padding)
        return tf.nn.relu(self.batch_norm(net, scope, f"{key}.bn"))

    def batch_norm(self, net, scope, key):
        import tensorflow as tf

        beta, mean, variance = (
            self.constant(f"{scope}/BatchNorm/{name}", f"{key}.{part}")
            for name, part in (
                ("beta", "bias"),
                ("moving_mean", "running_mean"),
                ("moving_variance", "running_var"),
            )
        )
        return tf.nn.batch_normalization(net, mean, variance, beta, None, 0.001)

    def constant(self, name, key, order=None):
        import tensorflow as tf

        array = self.arrays[key]
        array = array if order is None else array.transpose(order)
        return tf.identity(tf.constant(array, name=name), name=f"{name}/read")


def sha256(content):
    return hashlib.sha256(content).hexdigest()

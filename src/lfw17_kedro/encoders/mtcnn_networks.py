"""MTCNN's three networks as TensorFlow graphs, with the weights of the package `mtcnn`.

Each takes pixels as (x - 127.5) / 128, RGB. Layers: Zhang et al. 2016, figure 2.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lfw17_kedro.encoders.checks import check_sha256
from lfw17_kedro.files.packaged import locate_packaged
from lfw17_kedro.types import F32

DISTRIBUTION = "mtcnn==1.0.0"
# Of the weights in it, pickles that are unpickled only after the check.
SHA256 = {
    "pnet.lz4": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet.lz4": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet.lz4": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
MEAN, SCALE = 127.5, 1 / 128  # of the pixels

RNET_SIDE, ONET_SIDE = 24, 48  # of the patches, pixels
OUTPUTS = {RNET_SIDE: 5, ONET_SIDE: 15}  # of a patch

Network = Callable[[Any], Any]
"""Maps a batch of images (N, H, W, 3) float32 to one float32 tensor; its last axis:
the shifts of the box's left, top, right and bottom edge as fractions of its width and
height; in O-Net the x of five landmarks, then their y, in the same fractions; the
score, 0-1."""


class Networks(NamedTuple):
    """The three stages.

    Attributes:
        pnet: any image -> (N, H', W', 5), one cell of 12x12 pixels every 2 pixels.
        rnet: (N, 24, 24, 3) -> (N, 5).
        onet: (N, 48, 48, 3) -> (N, 15).
    """

    pnet: Network
    rnet: Network
    onet: Network


def build_networks() -> Networks:
    """Build the networks; their weights become constants of the graphs.

    Raises:
        ValueError: a file of weights in the installed package is damaged.
    """
    import joblib

    pnet, rnet, onet = (joblib.load(file) for file in find_weights())
    return Networks(
        lambda images: _run_pnet(iter(pnet), images),
        lambda images: _run_rnet(iter(rnet), images),
        lambda images: _run_onet(iter(onet), images),
    )


def find_weights() -> list[Path]:
    """Locate the weights of the three stages inside the package, and check them.

    Returns:
        The path of each file, in the order of `SHA256`.

    Raises:
        ValueError: a file is missing, damaged or of another version.
    """
    advice = f"run `pip install --force-reinstall --no-deps {DISTRIBUTION}`"
    files = []
    for name, sha256 in SHA256.items():
        file = locate_packaged("mtcnn", f"assets/weights/{name}", DISTRIBUTION)
        check_sha256(file.read_bytes(), sha256, str(file), advice)
        files.append(file)
    return files


Weights = Iterator[F32]
"""The layers' arrays in their order, taken one by one."""


def _run_pnet(weights: Weights, images: Any) -> Any:
    """Run P-Net: (N, H, W, 3) -> (N, H', W', 5)."""
    import tensorflow as tf

    x = tf.nn.max_pool2d(_conv(weights, images), 2, 2, "SAME")
    x = _conv(weights, _conv(weights, x))
    kernel, bias = _join(weights, 2)
    return _split_score(tf.nn.conv2d(x, kernel, 1, "VALID") + bias)


def _run_rnet(weights: Weights, patches: Any) -> Any:
    """Run R-Net: (N, 24, 24, 3) -> (N, 5)."""
    import tensorflow as tf

    x = tf.nn.max_pool2d(_conv(weights, patches), 3, 2, "SAME")
    x = tf.nn.max_pool2d(_conv(weights, x), 3, 2, "VALID")
    return _score_patches(weights, _conv(weights, x), 2)


def _run_onet(weights: Weights, patches: Any) -> Any:
    """Run O-Net: (N, 48, 48, 3) -> (N, 15)."""
    import tensorflow as tf

    x = tf.nn.max_pool2d(_conv(weights, patches), 3, 2, "SAME")
    x = tf.nn.max_pool2d(_conv(weights, x), 3, 2, "VALID")
    x = tf.nn.max_pool2d(_conv(weights, x), 2, 2, "SAME")
    return _score_patches(weights, _conv(weights, x), 3)


def _score_patches(weights: Weights, x: Any, layers: int) -> Any:
    """End R-Net or O-Net: one matrix, then the last layers side by side."""
    x = _dense(weights, x)
    kernel, bias = _join(weights, layers)
    return _split_score(x @ kernel + bias)


def _conv(weights: Weights, x: Any) -> Any:
    """Convolve without padding, then PReLU."""
    import tensorflow as tf

    x = tf.nn.conv2d(x, next(weights), 1, "VALID")
    return _prelu(weights, tf.nn.bias_add(x, next(weights)))


def _dense(weights: Weights, x: Any) -> Any:
    """Multiply by a matrix, then PReLU; the matrix wants the columns first."""
    import tensorflow as tf

    kernel = next(weights)
    x = tf.reshape(tf.transpose(x, (0, 2, 1, 3)), (-1, len(kernel)))
    return _prelu(weights, x @ kernel + next(weights))


def _prelu(weights: Weights, x: Any) -> Any:
    """Multiply what is negative by a slope of its channel: (..., C) -> (..., C)."""
    import tensorflow as tf

    slopes = next(weights).reshape(-1)
    if slopes.max() <= 1:  # two passes over x instead of four
        return tf.maximum(x, x * slopes)
    return tf.nn.relu(x) - slopes * tf.nn.relu(-x)


def _join(weights: Weights, count: int) -> tuple[F32, F32]:
    """Join the last layers, which see the same inputs, into one kernel and bias."""
    layers = [(next(weights), next(weights)) for _ in range(count)]
    kernels, biases = zip(*layers, strict=True)
    return np.concatenate(kernels, axis=-1), np.concatenate(biases)


def _split_score(outputs: Any) -> Any:
    """Turn the last two outputs, no face and face, into one score by softmax."""
    import tensorflow as tf

    score = tf.sigmoid(outputs[..., -1:] - outputs[..., -2:-1])
    return tf.concat([outputs[..., :-2], score], axis=-1)

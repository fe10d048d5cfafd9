"""FaceNet's network in Keras: faces -> 512-d; facenet-pytorch's weights.

Inception-ResNet v1 (Szegedy et al. 2016, arXiv:1602.07261, figures 10 to 15) with
the changes of davidsandberg/facenet, trained on VGGFace2; 99.65 % on the LFW pairs.

Weights: 20180402-114759-vggface2.pt, 111,898,327 bytes, converted from the TensorFlow
model 20180402-114759 of https://github.com/davidsandberg/facenet; MIT. Published at
https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/ without a
checksum: size and SHA-256 are those that other public projects pin for this URL,
unchecked here. That size fits a state dict saved before PyTorch's zip format.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from lfw17_kedro.encoders.torch_weights import Array, Weights
from lfw17_kedro.types import F32

if TYPE_CHECKING:
    import keras

FILE = "20180402-114759-vggface2.pt"
SHA256 = "281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b"
LICENCE = "MIT"
SIZE = 160  # height and width of a face
DIMENSION = 512
EPSILON = 1e-3  # of batch norm

# Known but not needed: the classifier of VGGFace2's 8631 people.
CLASSIFIER = ("logits.weight", "logits.bias")


class Conv(NamedTuple):
    """A convolution with batch norm and ReLU, named as in the state dict."""

    width: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: str = "same"


Branch = tuple[Conv, ...]


class Block(NamedTuple):
    """Residual blocks: x + scale * a linear 1x1 convolution of the joined branches."""

    keys: tuple[str, ...]
    scale: float
    branches: tuple[Branch, ...]
    relu: bool = True


# facenet_pytorch/models/inception_resnet_v1.py, in its order and with its keys.
STEM = {  # input (160, 160, 3)
    "conv2d_1a": Conv(32, (3, 3), 2, "valid"),  # (79, 79)
    "conv2d_2a": Conv(32, (3, 3), 1, "valid"),  # (77, 77)
    "conv2d_2b": Conv(64, (3, 3)),
    "maxpool_3a": None,  # (38, 38)
    "conv2d_3b": Conv(80),
    "conv2d_4a": Conv(192, (3, 3), 1, "valid"),  # (36, 36)
    "conv2d_4b": Conv(256, (3, 3), 2, "valid"),  # (17, 17)
}
REPEAT_1 = Block(
    tuple(f"repeat_1.{i}" for i in range(5)),
    0.17,
    (
        (Conv(32),),
        (Conv(32), Conv(32, (3, 3))),
        (Conv(32), Conv(32, (3, 3)), Conv(32, (3, 3))),
    ),
)
MIXED_6A = (  # -> (8, 8, 896) with the max-pool of the input
    (Conv(384, (3, 3), 2, "valid"),),
    (Conv(192), Conv(192, (3, 3)), Conv(256, (3, 3), 2, "valid")),
)
REPEAT_2 = Block(
    tuple(f"repeat_2.{i}" for i in range(10)),
    0.10,
    ((Conv(128),), (Conv(128), Conv(128, (1, 7)), Conv(128, (7, 1)))),
)
MIXED_7A = (  # -> (3, 3, 1792) with the max-pool of the input
    (Conv(256), Conv(384, (3, 3), 2, "valid")),
    (Conv(256), Conv(256, (3, 3), 2, "valid")),
    (Conv(256), Conv(256, (3, 3)), Conv(256, (3, 3), 2, "valid")),
)
REPEAT_3 = Block(
    tuple(f"repeat_3.{i}" for i in range(5)),
    0.20,
    ((Conv(192),), (Conv(192), Conv(192, (1, 3)), Conv(192, (3, 1)))),
)
BLOCK8 = REPEAT_3._replace(keys=("block8",), scale=1.0, relu=False)


KernelShape = tuple[int, int, int, int]  # HWIO
BatchNorm = tuple[F32, F32, F32, F32]  # gamma, beta, mean, variance, (O,) each


class Parameters(Protocol):
    """Where the network's parameters come from, by the keys of the tables above.

    Each method raises ValueError for parameters that are missing or of another shape.
    """

    def take_convolution(self, key: str, shape: KernelShape) -> tuple[F32, BatchNorm]:
        """Hand out a kernel and its batch norm."""

    def take_projection(
        self, key: str, shape: KernelShape, scale: float
    ) -> tuple[F32, F32]:
        """Hand out a residual block's last kernel, not yet scaled, and its bias."""

    def take_matrix(self, shape: tuple[int, int]) -> tuple[F32, BatchNorm]:
        """Hand out the last matrix, (inputs, outputs), and its batch norm."""

    def check_all_used(self) -> None:
        """Refuse parameters that the network has no place for."""


class StateDict:
    """The network's parameters out of facenet-pytorch's state dict."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        """Hold the arrays, parameter name -> array in PyTorch's shapes."""
        self._weights = Weights(arrays, "inception_resnet_v1")

    def take_convolution(self, key: str, shape: KernelShape) -> tuple[F32, BatchNorm]:
        """Hand out a kernel and its batch norm."""
        kernel = self._weights.take_kernel(f"{key}.conv.weight", _to_oihw(shape))
        return kernel, self._weights.take_batch_norm(f"{key}.bn", shape[-1])

    def take_projection(
        self, key: str, shape: KernelShape, scale: float
    ) -> tuple[F32, F32]:
        """Hand out a kernel and a bias; the file does not say the scale."""
        kernel = self._weights.take_kernel(f"{key}.conv2d.weight", _to_oihw(shape))
        return kernel, self._weights.take(f"{key}.conv2d.bias", shape[-1:])

    def take_matrix(self, shape: tuple[int, int]) -> tuple[F32, BatchNorm]:
        """Hand out the last matrix and its batch norm."""
        matrix = self._weights.take("last_linear.weight", shape[::-1]).T
        return matrix, self._weights.take_batch_norm("last_bn", shape[-1])

    def check_all_used(self) -> None:
        """Refuse parameters that the network has no place for."""
        self._weights.ignore(CLASSIFIER)
        self._weights.check_all_used()


def build_inception_resnet_v1(arrays: Mapping[str, Array]) -> "keras.Model":
    """Build the network around facenet-pytorch's state dict, for inference.

    Args:
        arrays: parameter name -> array, in PyTorch's names and shapes.

    Returns and raises: see `build_network`.
    """
    return build_network(StateDict(arrays))


def build_network(parameters: Parameters) -> "keras.Model":
    """Build the network around its parameters, for inference.

    Each batch norm and each residual scale is folded into the convolution or matrix
    before it, which spares most passes over the activations.

    Args:
        parameters: hands out each parameter once.

    Returns:
        A Keras model from (N, 160, 160, 3) float32 RGB faces, prewhitened or
        (x - 127.5) / 128, to (N, 512) float32 embeddings of L2 norm 1.

    Raises:
        ValueError: a parameter is missing, left over or of another shape.
    """
    import keras
    from keras import layers as kl

    faces = keras.Input((SIZE, SIZE, 3), name="faces")
    x = faces
    for key, conv in STEM.items():
        x = _convolve(parameters, x, key, conv) if conv else kl.MaxPooling2D(3, 2)(x)
    x = _residual_blocks(parameters, x, REPEAT_1)
    x = _reduce(parameters, x, "mixed_6a", MIXED_6A)
    x = _residual_blocks(parameters, x, REPEAT_2)
    x = _reduce(parameters, x, "mixed_7a", MIXED_7A)
    x = _residual_blocks(parameters, x, REPEAT_3)
    x = _residual_blocks(parameters, x, BLOCK8)
    x = kl.GlobalAveragePooling2D(dtype="float32")(x)  # (1792,)
    matrix, batch_norm = parameters.take_matrix((x.shape[-1], DIMENSION))
    last = kl.Dense(DIMENSION, dtype="float32")
    x = _apply(last, x, *_fold_batch_norm(matrix, batch_norm))
    parameters.check_all_used()
    embeddings = kl.UnitNormalization(name="embeddings", dtype="float32")(x)
    return keras.Model(faces, embeddings, name="inception_resnet_v1")


def name_convolution(key: str, branch: Branch, i: int, j: int) -> str:
    """Name convolution j of branch i; PyTorch numbers those of longer branches."""
    return f"{key}.branch{i}" + (f".{j}" if len(branch) > 1 else "")


def _to_oihw(shape: KernelShape) -> tuple[int, int, int, int]:
    """Turn a shape of Keras's kernels into that of PyTorch's."""
    rows, columns, inputs, outputs = shape
    return outputs, inputs, rows, columns


def _residual_blocks(parameters: Parameters, x: Any, block: Block) -> Any:
    """Add the output of the joined branches to x, once for each key."""
    from keras import layers as kl

    width, scale = x.shape[-1], np.float32(block.scale)
    for key in block.keys:
        joined = kl.Concatenate()(_branches(parameters, x, key, block.branches))
        shape = (1, 1, joined.shape[-1], width)
        kernel, bias = parameters.take_projection(key, shape, block.scale)
        projected = _apply(kl.Conv2D(width, 1), joined, kernel * scale, bias * scale)
        x = kl.Add()([x, projected])
        if block.relu:
            x = kl.ReLU()(x)
    return x


def _reduce(
    parameters: Parameters, x: Any, key: str, branches: tuple[Branch, ...]
) -> Any:
    """Halve the map: join the branches, of stride 2, and a max-pool of x."""
    from keras import layers as kl

    pooled = kl.MaxPooling2D(3, 2)(x)
    return kl.Concatenate()([*_branches(parameters, x, key, branches), pooled])


def _branches(
    parameters: Parameters, x: Any, key: str, branches: tuple[Branch, ...]
) -> list[Any]:
    """Apply each branch to x."""
    outputs = []
    for i, branch in enumerate(branches):
        output = x
        for j, conv in enumerate(branch):
            name = name_convolution(key, branch, i, j)
            output = _convolve(parameters, output, name, conv)
        outputs.append(output)
    return outputs


def _convolve(parameters: Parameters, x: Any, key: str, conv: Conv) -> Any:
    """Apply a convolution with its batch norm folded in, and ReLU."""
    from keras import layers as kl

    width, kernel, stride, padding = conv
    shape = (*kernel, x.shape[-1], width)
    folded = _fold_batch_norm(*parameters.take_convolution(key, shape))
    layer = kl.Conv2D(width, kernel, stride, padding, activation="relu")
    return _apply(layer, x, *folded)


def _fold_batch_norm(kernel: F32, batch_norm: BatchNorm) -> tuple[F32, F32]:
    """Fold a batch norm into the kernel before it: a kernel and a bias."""
    gamma, beta, mean, variance = batch_norm
    scale = gamma / np.sqrt(variance + np.float32(EPSILON))
    return kernel * scale, beta - mean * scale


def _apply(layer: Any, x: Any, kernel: F32, bias: F32) -> Any:
    """Apply a layer that has been given its parameters."""
    layer.build(x.shape)
    layer.set_weights([kernel, bias])
    return layer(x)

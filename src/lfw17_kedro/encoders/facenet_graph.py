"""FaceNet's weights by the names that they have in its author's frozen graph.

The names and the network are those of src/models/inception_resnet_v1.py in
https://github.com/davidsandberg/facenet (MIT), built with TensorFlow's slim: kernels
are stored as HWIO, and batch norms have no gamma.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from lfw17_kedro.encoders.inception_resnet_v1 import (
    BLOCK8,
    MIXED_6A,
    MIXED_7A,
    REPEAT_1,
    REPEAT_2,
    REPEAT_3,
    STEM,
    BatchNorm,
    Branch,
    KernelShape,
    build_network,
    name_convolution,
)
from lfw17_kedro.encoders.torch_weights import Weights
from lfw17_kedro.types import F32

if TYPE_CHECKING:
    import keras

ROOT = "InceptionResnetV1"
PARAMETERS = ("weights", "biases", "beta", "gamma", "moving_mean", "moving_variance")
# slim numbers the blocks of one `repeat` from 1
BLOCKS = (
    (REPEAT_1, "Repeat/block35_{}"),
    (REPEAT_2, "Repeat_1/block17_{}"),
    (REPEAT_3, "Repeat_2/block8_{}"),
    (BLOCK8, "Block8"),
)
REDUCTIONS = {"mixed_6a": MIXED_6A, "mixed_7a": MIXED_7A}
SCALE_TOLERANCE = 1e-6


def build_from_constants(constants: Mapping[str, F32]) -> "keras.Model":
    """Build FaceNet's network around the constants of its frozen graph.

    Args:
        constants: name of the node -> array, as from `frozen_graph.read_constants`.
            What is no parameter of the network is left out.

    Returns:
        See `inception_resnet_v1.build_inception_resnet_v1`.

    Raises:
        ValueError: a parameter is missing, left over or of another shape, or a residual
            block has another scale.
    """
    return build_network(GraphParameters(constants))


class GraphParameters:
    """The network's parameters out of a frozen graph."""

    def __init__(self, constants: Mapping[str, F32]) -> None:
        """Hold the constants that are parameters of the network."""
        self._constants = constants
        self._scopes = dict(_name_scopes())
        parameters = {
            key: array
            for key, array in constants.items()
            if key.startswith(f"{ROOT}/") and key.rpartition("/")[2] in PARAMETERS
        }
        self._weights = Weights(parameters, "facenet")

    def take_convolution(self, key: str, shape: KernelShape) -> tuple[F32, BatchNorm]:
        """Hand out a kernel and its batch norm."""
        return self._take_normalized(self._scopes[key], shape)

    def take_projection(
        self, key: str, shape: KernelShape, scale: float
    ) -> tuple[F32, F32]:
        """Hand out a kernel and a bias, after a look at the block's scale."""
        scope = f"{ROOT}/{self._scopes[key]}"
        multiplier = f"{scope.rpartition('/')[0]}/mul/x"
        found = self._constants.get(multiplier)
        if found is not None and not np.allclose(found, scale, atol=SCALE_TOLERANCE):
            raise ValueError(
                f"facenet needs {multiplier} = {scale}, got {found}; use the published "
                "weights of facenet."
            )
        kernel = self._weights.take(f"{scope}/weights", shape)
        return kernel, self._weights.take(f"{scope}/biases", shape[-1:])

    def take_matrix(self, shape: tuple[int, int]) -> tuple[F32, BatchNorm]:
        """Hand out the last matrix and its batch norm."""
        return self._take_normalized("Bottleneck", shape)

    def check_all_used(self) -> None:
        """Refuse parameters that the network has no place for."""
        self._weights.check_all_used()

    def _take_normalized(
        self, scope: str, shape: tuple[int, ...]
    ) -> tuple[F32, BatchNorm]:
        """Hand out an array and its batch norm, with a gamma of 1."""
        kernel = self._weights.take(f"{ROOT}/{scope}/weights", shape)
        beta, mean, variance = (
            self._weights.take(f"{ROOT}/{scope}/BatchNorm/{part}", shape[-1:])
            for part in ("beta", "moving_mean", "moving_variance")
        )
        return kernel, (np.ones_like(beta), beta, mean, variance)


def _name_scopes() -> Iterator[tuple[str, str]]:
    """Yield each convolution's key in PyTorch's network and its scope in slim's."""
    for key, conv in STEM.items():
        if conv is not None:
            rows, columns = conv.kernel
            yield key, f"Conv2d_{key[-2:]}_{rows}x{columns}"
    for block, scopes in BLOCKS:
        for number, key in enumerate(block.keys, 1):
            scope = scopes.format(number)
            yield key, f"{scope}/Conv2d_1x1"
            yield from _name_branches(key, scope, block.branches)
    for key, branches in REDUCTIONS.items():
        yield from _name_branches(key, key.capitalize(), branches)


def _name_branches(
    key: str, scope: str, branches: tuple[Branch, ...]
) -> Iterator[tuple[str, str]]:
    """Yield the keys and scopes of the convolutions of some branches.

    slim's authors wrote 0a, 0b, 0c for the convolutions of a branch in their order, 1a
    for one that halves the map, and nothing for one that is alone and does not.
    """
    for i, branch in enumerate(branches):
        for j, conv in enumerate(branch):
            rows, columns = conv.kernel
            place = f"0{'abc'[j]}_" if len(branch) > 1 else ""
            if conv.stride > 1:
                place = "1a_"
            name = f"{scope}/Branch_{i}/Conv2d_{place}{rows}x{columns}"
            yield name_convolution(key, branch, i, j), name

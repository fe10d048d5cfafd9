"""Inception v3, trained on ImageNet: RGB images -> a map of 2048 features.

Szegedy et al. 2016, arXiv:1512.00567; the backbone of the study. The network and its
weights are those of keras.applications (Apache-2.0), which downloads them and checks
them by the MD5 that is published there. A local file must have the same MD5.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from lfw17_kedro.types import ReadWeights

if TYPE_CHECKING:
    import keras

FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/" + FILE
)
# keras/src/applications/inception_v3.py publishes no SHA-256. Two files with one MD5
# can be made, but nobody knows how to make a second file with the MD5 of a given one.
MD5 = "bcbd6486424b2319ff4ef7d526e38f63"
MEGABYTES = 88
MIN_SIZE = 75  # pixels; keras.applications' own limit


def build(
    read_weights: ReadWeights, height: int, width: int, weights: str | None = None
) -> "keras.Model":
    """Build the network from Keras's download or from a local file.

    Args:
        read_weights: not used: Keras itself downloads, keeps and checks its weights.
        height: rows of the images, pixels.
        width: columns of the images, pixels.
        weights: path of `FILE`; None for Keras's download.

    Returns and raises: see `build_inception_v3`.
    """
    return build_inception_v3(weights, height, width)


def build_inception_v3(
    weights_file: str | None, height: int, width: int
) -> "keras.Model":
    """Build the network from Keras's download or from a local file.

    Args:
        weights_file: path of `FILE`; None downloads it once to Keras's own cache.
        height: of the images, pixels, at least 75.
        width: of the images, pixels, at least 75.

    Returns:
        A Keras model from (N, height, width, 3) float32 or uint8 RGB images, 0-255,
        to (N, h, w, 2048) float32 features. Preprocessing, x / 127.5 - 1, is inside.

    Raises:
        ValueError: images too small, or another file than the published one.
        OSError: the weights are not there and cannot be downloaded.
    """
    import keras

    if min(height, width) < MIN_SIZE:
        raise ValueError(
            f"inception_v3: expected images of at least {MIN_SIZE}x{MIN_SIZE} pixels, "
            f"got {height}x{width}; set a larger height and width."
        )
    if weights_file is not None:
        _check_file(Path(weights_file))
    images = keras.Input((height, width, 3), name="images")
    scaled = keras.layers.Rescaling(1 / 127.5, -1.0, dtype="float32")(images)
    try:
        network = keras.applications.InceptionV3(
            include_top=False,
            weights=weights_file or "imagenet",
            input_tensor=scaled,
        )
    except Exception as error:  # keras.utils.get_file raises Exception itself
        raise OSError(_say_missing(str(error))) from error
    return keras.Model(images, network.output, name="inception_v3")


def _check_file(file: Path) -> None:
    """Refuse a file that is not the published one before HDF5 reads it."""
    if not file.is_file():
        raise OSError(_say_missing(f"no such file: {file}"))
    with file.open("rb") as content:
        found = hashlib.file_digest(
            content, lambda: hashlib.md5(usedforsecurity=False)
        ).hexdigest()
    if found != MD5:
        raise ValueError(
            f"inception_v3: expected the weights of {FILE} with MD5 {MD5} in {file}, "
            f"got {file.stat().st_size} bytes with MD5 {found}; the file is damaged or "
            f"another version: download it again from {URL}."
        )


def _say_missing(problem: str) -> str:
    """Say what is needed, from where, how large, and what to do instead."""
    return (
        f"inception_v3: expected its ImageNet weights, {FILE} ({MEGABYTES} MB) from "
        f"{URL}, got: {problem}. Run this where there is internet, or download the "
        "file and name its path in the option weights, or choose efficientnet_lite0, "
        "whose weights are installed."
    )

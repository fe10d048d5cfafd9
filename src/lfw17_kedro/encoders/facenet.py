"""FaceNet as an encoder, as the study used it: 182x182 RGB -> 512-d.

Inception-ResNet v1 trained on VGGFace2 with a softmax loss, the model
20180402-114759 of https://github.com/davidsandberg/facenet (MIT), whose author reports
99.65 % on the LFW pairs (Schroff et al. 2015, arXiv:1503.03832; Cao et al. 2018,
arXiv:1710.08092). Channels RGB. From any of three files:

- 20180402-114759.zip, the author's archive, kept at `WEIGHTS.url`;
- 20180402-114759.pb, the frozen graph inside: see `facenet_graph`;
- 20180402-114759-vggface2.pt, facenet-pytorch's form: see `inception_resnet_v1`.

All three are read as arrays, which are put into one Keras network; nothing in a file is
run.
"""

import hashlib
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from lfw17_kedro.encoders import inception_resnet_v1
from lfw17_kedro.encoders.checks import check_sha256
from lfw17_kedro.encoders.facenet_graph import build_from_constants
from lfw17_kedro.encoders.frozen_graph import MAX_BYTES, read_constants
from lfw17_kedro.encoders.inception_resnet_v1 import (
    DIMENSION,
    SIZE,
    build_inception_resnet_v1,
)
from lfw17_kedro.encoders.torch_weights import read_state_dict
from lfw17_kedro.encoders.zip_members import read_members
from lfw17_kedro.types import (
    Encoder,
    EncoderCard,
    EncoderOptions,
    PublishedWeights,
    ReadWeights,
    WeightsFile,
)

if TYPE_CHECKING:
    import keras

WEIGHTS = PublishedWeights(
    url="https://github.com/faustomorales/keras-facenet/releases/download/v0.3.1/"
    "20180402-114759.zip",
    sha256="669f37d3954b72b53121ff0638ca5bb8b14309bfe4767fe6bd851eee75f1f0de",
    name="20180402-114759.zip",
)
SHA256 = {
    ".zip": WEIGHTS.sha256,
    ".pb": "bf2c12f31880aaa865fa5a9c168dcbd619f7a40b1633f6446d416fac2421ab99",
    ".pt": inception_resnet_v1.SHA256,
}
LICENCE = "MIT"

# The study: align_dataset_mtcnn.py --image_size 182 --margin 44; then the network
# takes SIZE pixels from the centre, facenet.crop.
ALIGNED_SIZE = 182
MARGIN = 44

# What the sources of the weights do with pixels: facenet.prewhiten in the study's
# classifier.py, fixed_image_standardization in facenet-pytorch.
STANDARDISATIONS = {".zip": "prewhiten", ".pb": "prewhiten", ".pt": "fixed"}


def build(read_weights: ReadWeights, options: EncoderOptions) -> Encoder:
    """Build the encoder from the published zip, or from the user's own file.

    Args:
        read_weights: reads a weights file.
        options: `weights` is the path of one of the three files, None for the
            published zip; `sha256` and `standardisation` as for `build_facenet`.

    Returns and raises: see `build_facenet`.
    """
    weights = WEIGHTS if options.weights is None else Path(options.weights)
    return build_facenet(read_weights(weights), options.sha256, options.standardisation)


def build_facenet(
    weights: WeightsFile, sha256: str | None = None, standardisation: str | None = None
) -> Encoder:
    """Build the encoder from a weights file.

    Args:
        weights: one of the three files; the suffix of its name says which.
        sha256: that the file must have; None for the published file's.
        standardisation: "prewhiten": each aligned face, whole and all channels
            together, (x - mean) / max(std, 1 / sqrt(size)); "fixed":
            (x - 127.5) / 128; None: as in the source of the weights,
            `STANDARDISATIONS`.

    Returns:
        The encoder; its network is a Keras model with standardisation and centre crop
        inside.

    Raises:
        ValueError: another suffix, SHA-256 or standardisation, or a file that does not
            hold the network.
    """
    suffix = PurePath(weights.name).suffix
    if suffix not in SHA256:
        raise ValueError(
            f"facenet: expected weights in a file that ends in {', '.join(SHA256)}, "
            f"got {weights.name!r}; name one of these files in the option weights."
        )
    standardisation = standardisation or STANDARDISATIONS[suffix]
    if standardisation not in STANDARDISATIONS.values():
        raise ValueError(
            "facenet: expected the option standardisation to be prewhiten, fixed or "
            f"null, got {standardisation!r}."
        )
    check_sha256(
        weights.content,
        sha256 or SHA256[suffix],
        weights.name,
        "download it again, or, if it is a file that you trust, give its SHA-256 in "
        "the option sha256",
    )
    content = weights.content
    if suffix == ".zip":
        content = read_frozen_graph(content, weights.name)
    card = EncoderCard(
        name="facenet",
        alignment="box",
        size=ALIGNED_SIZE,
        dimension=DIMENSION,
        licence=LICENCE,
        weights_sha256=hashlib.sha256(content).hexdigest(),
        margin=MARGIN,
        standardisation=standardisation,
    )
    network = _build_network(content, weights.name)
    return Encoder(card, _add_preprocessing(network, standardisation))


def _build_network(content: bytes, name: str) -> "keras.Model":
    """Build the network from a state dict (.pt) or a frozen graph."""
    is_state_dict = PurePath(name).suffix == ".pt"
    arrays = (read_state_dict if is_state_dict else read_constants)(content, name)
    build = build_inception_resnet_v1 if is_state_dict else build_from_constants
    try:
        return build(arrays)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def read_frozen_graph(archive: bytes, name: str) -> bytes:
    """Take the frozen graph, the only .pb file, out of the zip.

    Raises:
        ValueError: `archive` is no whole zip file, without exactly one .pb file, or
            with one of more than `MAX_BYTES`.
    """
    try:
        found = read_members(archive, lambda member: member.endswith(".pb"), MAX_BYTES)
        if len(found) != 1:
            raise ValueError(f"a zip with {len(found)} .pb files")
    except ValueError as error:
        raise ValueError(
            f"{name}: expected a zip with one .pb file, got {len(archive)} bytes: "
            f"{error}; use the published file, whole."
        ) from error
    [graph] = found.values()
    return graph


def _add_preprocessing(network: "keras.Layer", standardisation: str) -> "keras.Model":
    """Put standardisation and centre crop before a network: a Keras model."""
    import keras
    from keras import layers as kl

    faces = keras.Input((ALIGNED_SIZE, ALIGNED_SIZE, 3), dtype="uint8", name="faces")
    if standardisation == "prewhiten":
        x = prewhiten(faces)
    else:
        x = kl.Rescaling(1 / 128, -127.5 / 128, dtype="float32")(faces)
    x = kl.Cropping2D((ALIGNED_SIZE - SIZE) // 2, dtype="float32")(x)
    return keras.Model(faces, network(x), name="facenet")


def prewhiten(faces: Any) -> Any:
    """Standardise each face by its own pixels: (n, S, S, 3) uint8 -> float32.

    (x - mean) / max(std, 1 / sqrt(size)), all channels together.

    Source: facenet.py of davidsandberg/facenet, prewhiten.
    """
    from keras import ops

    faces = ops.cast(faces, "float32")
    size = faces.shape[1] * faces.shape[2] * faces.shape[3]
    centred = faces - ops.mean(faces, axis=(1, 2, 3), keepdims=True)
    variance = ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True)
    return centred / ops.maximum(ops.sqrt(variance), size**-0.5)

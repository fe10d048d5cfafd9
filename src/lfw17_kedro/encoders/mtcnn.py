"""MTCNN, the face detector of the study, behind the plain type `Detector`.

Zhang et al. 2016, arXiv:1604.02878; the PyPI package `mtcnn` (MIT) carries the weights.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lfw17_kedro.encoders.checks import check_sha256
from lfw17_kedro.types import U8, Detector, Face

# Of the weights in mtcnn 1.0.0, pickles that the package unpickles whatever they hold.
SHA256 = {
    "pnet.lz4": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet.lz4": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet.lz4": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


@cache
def build_detector(pnet: float, rnet: float, onet: float) -> Detector:
    """Load MTCNN, once a process, on the GPU if TensorFlow sees one, else on the CPU.

    Args:
        pnet: min score of the proposal stage, 0-1.
        rnet: min score of the refinement stage, 0-1.
        onet: min score of the output stage, 0-1.

    Returns:
        The detector, for faces of 20 pixels and more. Its photos must share one size:
        the package (1.0.0) pads photos of several sizes to the largest, and if one
        photo shows no face the package subtracts another's padding from the boxes.

    Raises:
        ValueError: a file of weights in the installed package is damaged.
    """
    import tensorflow as tf
    from mtcnn import MTCNN
    from mtcnn.stages import StageONet, StagePNet, StageRNet

    device = "GPU:0" if tf.config.list_physical_devices("GPU") else "CPU:0"
    files = find_weights()
    stages = (StagePNet, StageRNet, StageONet)
    mtcnn = MTCNN(
        [stage(weights=str(file)) for stage, file in zip(stages, files, strict=True)],
        device=device,
    )

    def detect(photos: Sequence[U8]) -> list[list[Face]]:
        sizes = {photo.shape for photo in photos}
        if len(sizes) != 1:
            raise ValueError(f"photos of one batch must share one size, got {sizes}.")
        found = mtcnn.detect_faces(
            list(photos),
            box_format="xyxy",
            fit_to_image=False,
            threshold_pnet=pnet,
            threshold_rnet=rnet,
            threshold_onet=onet,
        )
        return [[_read_face(face) for face in faces] for faces in found]

    return detect


def find_weights() -> list[Path]:
    """Locate the weights of the three stages inside the package, and check them.

    The stages must be given these paths: told a bare name, the package first unpickles
    a file of that name in the current folder.

    Returns:
        The absolute path of each file, in the order of `SHA256`.

    Raises:
        ValueError: a file is missing, damaged or of another version.
    """
    import mtcnn

    folder = Path(mtcnn.__file__).absolute().parent / "assets" / "weights"
    advice = "run `pip install --force-reinstall --no-deps mtcnn==1.0.0`"
    files = [folder / name for name in SHA256]
    for file in files:
        if not file.is_file():
            raise ValueError(
                f"expected the weights of MTCNN at {file}, got no file; {advice}."
            )
        check_sha256(file.read_bytes(), SHA256[file.name], str(file), advice)
    return files


def _read_face(face: dict[str, Any]) -> Face:
    """Turn the package's dict into a `Face`."""
    return Face(
        box=np.asarray(face["box"], np.float64),
        landmarks=np.asarray(
            [face["keypoints"][name] for name in LANDMARKS], np.float64
        ),
        confidence=float(face["confidence"]),
    )

"""MTCNN, the face detector of the study, behind the plain type `Detector`.

Zhang et al. 2016, arXiv:1604.02878; the PyPI package `mtcnn` (MIT) carries the weights.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from lfw17_kedro.types import U8, Detector, Face

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
    """
    import tensorflow as tf
    from mtcnn import MTCNN

    device = "GPU:0" if tf.config.list_physical_devices("GPU") else "CPU:0"
    mtcnn = MTCNN(device=device)

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


def _read_face(face: dict[str, Any]) -> Face:
    """Turn the package's dict into a `Face`."""
    return Face(
        box=np.asarray(face["box"], np.float64),
        landmarks=np.asarray(
            [face["keypoints"][name] for name in LANDMARKS], np.float64
        ),
        confidence=float(face["confidence"]),
    )

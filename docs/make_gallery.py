"""Draw docs/gallery.png: test faces of ORL, aligned and named by facenet_svm.

make run && .venv/bin/python docs/make_gallery.py
"""

from pathlib import Path

import numpy as np
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
CLASS_NAMES = range(0, 40, 5)  # one test face of every fifth person
CELL, GAP, CAPTION = 110, 6, 34


def main() -> None:
    """Draw each chosen face above its aligned cut-out and its answer."""
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT) as session:
        catalog = session.load_context().catalog
    photos = catalog.load("test_photos@pixels")
    aligned = catalog.load("facenet_svm.aligned_test_faces")
    predictions = catalog.load("facenet_svm.test_probabilities").set_index("id")
    truth = catalog.load("test_table")
    chosen = [int(np.flatnonzero(truth["label"] == label)[0]) for label in CLASS_NAMES]

    columns = len(chosen)
    size = (columns * (CELL + GAP) - GAP, 2 * (CELL + GAP) + CAPTION)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for column, row in enumerate(chosen):
        photo_id, left = truth["id"][row], column * (CELL + GAP)
        photo = Image.fromarray(photos[photo_id]).convert("RGB")
        photo.thumbnail((CELL, CELL))
        sheet.paste(photo, (left + (CELL - photo.width) // 2, 0))
        face = Image.fromarray(aligned[row]).resize((CELL, CELL))
        sheet.paste(face, (left, CELL + GAP))
        name, chance = (
            predictions.loc[photo_id].idxmax(),
            predictions.loc[photo_id].max(),
        )
        verdict = "right" if name == truth["person"][row] else "wrong"
        draw.multiline_text(
            (left + CELL / 2, 2 * CELL + GAP + 4),
            f"{name}, {chance:.0%}\n{verdict}",
            fill="black",
            font=font,
            anchor="ma",
            align="center",
        )
    sheet.save(ROOT / "docs" / "gallery.png", optimize=True)


if __name__ == "__main__":
    main()

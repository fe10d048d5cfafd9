"""Draw docs/examples.png: test faces of ORL, aligned, with facenet_svm's predictions.

make run && .venv/bin/python docs/make_examples.py
"""

from pathlib import Path

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from PIL import Image, ImageDraw, ImageFont

from lfw17_kedro.faces.align import align_face
from lfw17_kedro.scan_types import BOX, LANDMARKS

ROOT = Path(__file__).parents[1]
LABELS = range(0, 40, 5)  # one test face of every fifth person
CELL, GAP, CAPTION = 110, 6, 34


def main() -> None:
    """Draw each chosen photo, the aligned face below it, and the prediction."""
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT) as session:
        catalog = session.load_context().catalog
    photos = catalog.load("test_photos")
    card = catalog.load("facenet_svm.encoder_card")
    table = catalog.load("test_table")
    probabilities = catalog.load("facenet_svm.test_probabilities").set_index("id")
    detections = catalog.load("test_detections").set_index("id")
    found = table[table["id"].map(detections["found"])]
    chosen = found[found["label"].isin(LABELS)].groupby("label").head(1)

    size = (len(chosen) * (CELL + GAP) - GAP, 2 * (CELL + GAP) + CAPTION)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for column, (photo_id, person) in enumerate(
        chosen[["id", "person"]].itertuples(index=False)
    ):
        left = column * (CELL + GAP)
        picture = Image.fromarray(photos[photo_id]).convert("RGB")
        picture.thumbnail((CELL, CELL))
        sheet.paste(picture, (left + (CELL - picture.width) // 2, 0))
        position = detections.loc[photo_id, [*BOX, *LANDMARKS]].to_numpy(float)
        face = align_face(photos[photo_id], position.reshape(7, 2), card)
        sheet.paste(Image.fromarray(face).resize((CELL, CELL)), (left, CELL + GAP))
        row = probabilities.loc[photo_id]
        verdict = "correct" if row.idxmax() == person else "incorrect"
        draw.multiline_text(
            (left + CELL / 2, 2 * CELL + GAP + 4),
            f"{row.idxmax()}, {row.max():.0%}\n{verdict}",
            fill="black",
            font=font,
            anchor="ma",
            align="center",
        )
    sheet.save(ROOT / "docs" / "examples.png", optimize=True)


if __name__ == "__main__":
    main()

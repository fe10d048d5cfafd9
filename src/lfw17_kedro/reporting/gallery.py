"""The test faces that are named wrongly or with the least certainty."""

import base64
import io
from typing import Any, TypedDict

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

from lfw17_kedro.reporting.predictions import name_probability
from lfw17_kedro.reporting.style import plot_note, set_look
from lfw17_kedro.types import F32, UNKNOWN

MAX_NAMES = 3  # candidates shown beside a face
PICTURE_HEIGHT = 150  # pixels; faces smaller than this are enlarged


class GalleryFace(TypedDict):
    """One face of the gallery.

    Keys:
        method: whose answer this is.
        id: of the test image.
        kind: "wrong" or "least certain".
        truth: the person's name, None where unknown.
        names: of the most probable people, the prediction first.
        probabilities: of those, 0-1.
        truth_probability: the probability of the truth, None where unknown.
        picture: the face, a PNG as data URI.
    """

    method: str
    id: str
    kind: str
    truth: str | None
    names: list[str]
    probabilities: list[float]
    truth_probability: float | None
    picture: str


def pick_faces(predictions: pd.DataFrame, max_faces: int) -> pd.DataFrame:
    """Pick the test faces to show: the wrong ones, then the least certain right ones.

    Wrong ones come surest first; where no label is known all are the least certain.

    Args:
        predictions: a table of predictions; see `predictions`.
        max_faces: for each method and kind.

    Returns:
        Rows of the answers with `kind` and `turn`, by which they are sorted.
    """
    tested = predictions[predictions["split"] == "test"].copy()
    wrong = ~tested["correct"] & (tested["truth"] != UNKNOWN)
    tested["kind"] = np.where(wrong, "wrong", "least certain")
    tested["turn"] = np.where(wrong, -tested["confidence"], tested["confidence"])
    tested["method"] = pd.Categorical(tested["method"], tested["method"].unique())
    tested["kind"] = pd.Categorical(tested["kind"], ["wrong", "least certain"])
    tested = tested.sort_values(["method", "kind", "turn"])  # stable: equals keep order
    picked = tested.groupby(["method", "kind"], observed=True).head(max_faces)
    return picked.astype({"method": str, "kind": str}).reset_index(drop=True)


def describe_faces(
    picked: pd.DataFrame, images: F32, ids: list[str], class_names: list[str]
) -> list[GalleryFace]:
    """Describe picked faces with their probabilities and pictures.

    Args:
        picked: of `pick_faces`.
        images: (M, H, W) float32 grey, 0-255, the test images.
        ids: the M ids of the test images.
        class_names: the K names.
    """
    rows = {photo_id: row for row, photo_id in enumerate(ids)}
    values = picked[[name_probability(person) for person in class_names]].to_numpy()
    faces = []
    for face, chances in zip(picked.to_dict("records"), values, strict=True):
        best = np.argsort(-chances, kind="stable")[:MAX_NAMES]
        known = face["truth"] != UNKNOWN
        faces.append(
            GalleryFace(
                method=face["method"],
                id=face["id"],
                kind=face["kind"],
                truth=class_names[face["truth"]] if known else None,
                names=[class_names[k] for k in best],
                probabilities=[float(chances[k]) for k in best],
                truth_probability=float(chances[face["truth"]]) if known else None,
                picture=encode_picture(images[rows[face["id"]]]),
            )
        )
    return faces


def encode_picture(image: F32) -> str:
    """Write a grey image, (H, W) float32, 0-255, as the data URI of a PNG."""
    picture = Image.fromarray(np.rint(image).astype(np.uint8))
    scale = max(1.0, PICTURE_HEIGHT / picture.height)
    size = (round(picture.width * scale), round(picture.height * scale))
    buffer = io.BytesIO()
    picture.resize(size, Image.Resampling.BICUBIC).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def plot_gallery(faces: list[GalleryFace], columns: int = 6) -> go.Figure:
    """Draw the gallery as one figure, for Kedro-Viz."""
    if not faces:
        return plot_note("There are no test faces to show.")
    rows = -(-len(faces) // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[_caption(face) for face in faces],
        horizontal_spacing=0.02,
        vertical_spacing=0.3 / rows,
    )
    for place, face in enumerate(faces):
        figure.add_image(
            source=face["picture"],
            hoverinfo="skip",
            row=place // columns + 1,
            col=place % columns + 1,
        )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_annotations(font_size=11)
    return set_look(figure, 240 * rows).update_layout(margin_t=80)


def _caption(face: dict[str, Any] | GalleryFace) -> str:
    """Say in three lines who was named, how surely, and who it is."""
    truth = f"is {face['truth']}" if face["truth"] else "truth unknown"
    return (
        f"{face['method']}, {face['kind']}<br>named {face['names'][0]} "
        f"({face['probabilities'][0]:.0%})<br>{truth}"
    )

"""The faces that are predicted incorrectly or with the least certainty."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

from lfw17_kedro.reporting.figures import choose_split
from lfw17_kedro.reporting.predictions import name_probability
from lfw17_kedro.reporting.style import (
    describe_figure,
    escape_markup,
    plot_note,
    set_look,
)
from lfw17_kedro.types import F32, UNKNOWN

KINDS = ("incorrect", "least certain")
MAX_NAMES = 3  # candidates shown beside a face
COLUMNS = 6  # of faces, in the figure
PICTURE_HEIGHT = 150  # pixels; faces smaller than this are enlarged


class ExampleFace(TypedDict):
    """One face among the examples.

    Keys:
        method: whose prediction this is.
        split: "validation" or "test".
        id: of the image.
        kind: "incorrect" or "least certain".
        truth: the person's name, None where unknown.
        names: of the most probable people, the prediction first.
        probabilities: of those, 0-1.
        truth_probability: the probability of the truth, None where unknown.
        picture: the face, a PNG as data URI.
    """

    method: str
    split: str
    id: str
    kind: str
    truth: str | None
    names: list[str]
    probabilities: list[float]
    truth_probability: float | None
    picture: str


def pick_faces(predictions: pd.DataFrame, max_faces: int) -> pd.DataFrame:
    """Pick the faces to show: incorrect ones, then the least certain of the others.

    Incorrect ones are test faces, the most confident first. Where a test label is not
    known, incorrect validation faces are shown too. The least certain are test faces.

    Args:
        predictions: a table of predictions; see `predictions`.
        max_faces: for each method and kind.

    Returns:
        Rows of the predictions with `kind` and `rank`, by which they are sorted.
    """
    main_split, _ = choose_split(predictions)
    incorrect = ~predictions["correct"] & (predictions["truth"] != UNKNOWN)
    tested = predictions["split"] == "test"
    shown = predictions[tested | (incorrect & (predictions["split"] == main_split))]
    incorrect = incorrect.loc[shown.index]
    shown = shown.assign(
        kind=np.where(incorrect, *KINDS),
        rank=np.where(incorrect, -shown["confidence"], shown["confidence"]),
        method=pd.Categorical(shown["method"], shown["method"].unique()),
    )
    shown = shown.sort_values(["method", "kind", "rank"], kind="stable")
    picked = shown.groupby(["method", "kind"], observed=True).head(max_faces)
    return picked.astype({"method": str}).reset_index(drop=True)


def describe_faces(
    picked: pd.DataFrame,
    images: Mapping[str, tuple[F32, Sequence[str]]],
    class_names: list[str],
) -> list[ExampleFace]:
    """Describe picked faces with their probabilities and pictures.

    Args:
        picked: of `pick_faces`.
        images: split -> its images, (N, H, W) float32 grey, 0-255, and their N ids;
            those of "validation" may be among others.
        class_names: the K names.
    """
    rows = {
        split: {image_id: row for row, image_id in enumerate(ids)}
        for split, (_, ids) in images.items()
    }
    values = picked[[name_probability(person) for person in class_names]].to_numpy()
    faces = []
    for face, probabilities in zip(picked.to_dict("records"), values, strict=True):
        best = np.argsort(-probabilities, kind="stable")[:MAX_NAMES]
        truth, split = int(face["truth"]), str(face["split"])
        known = truth != UNKNOWN
        faces.append(
            ExampleFace(
                method=face["method"],
                split=split,
                id=face["id"],
                kind=face["kind"],
                truth=class_names[truth] if known else None,
                names=[class_names[k] for k in best],
                probabilities=[float(probabilities[k]) for k in best],
                truth_probability=float(probabilities[truth]) if known else None,
                picture=encode_picture(images[split][0][rows[split][face["id"]]]),
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


def plot_examples(faces: list[ExampleFace]) -> go.Figure:
    """Plot the faces as one figure, for Kedro-Viz."""
    if not faces:
        return plot_note("There are no faces to show.")
    rows = -(-len(faces) // COLUMNS)
    figure = make_subplots(
        rows=rows,
        cols=COLUMNS,
        subplot_titles=[_caption(face) for face in faces],
        horizontal_spacing=0.02,
        vertical_spacing=0.3 / rows,
    )
    for place, face in enumerate(faces):
        figure.add_image(
            source=face["picture"],
            hoverinfo="skip",
            row=place // COLUMNS + 1,
            col=place % COLUMNS + 1,
        )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_annotations(font_size=11)
    incorrect = sum(face["kind"] == KINDS[0] for face in faces)
    return describe_figure(
        set_look(figure, 240 * rows, title_lines=3),
        f"{len(faces)} faces: {incorrect} predicted incorrectly, "
        f"{len(faces) - incorrect} with the least certainty.",
    )


def _caption(face: dict[str, Any] | ExampleFace) -> str:
    """Write three lines: who was predicted, with which probability, and the truth."""
    truth = f"is {escape_markup(face['truth'])}" if face["truth"] else "truth unknown"
    return (
        f"{escape_markup(face['method'])}, {face['kind']}<br>"
        f"predicted {escape_markup(face['names'][0])} "
        f"({face['probabilities'][0]:.0%})<br>{truth}"
    )

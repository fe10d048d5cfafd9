"""A map of the embeddings: faces that are alike to an encoder lie close together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from lfw17_kedro.reporting.style import BLUE, GREY, SKY, VERMILION, plot_note, set_look
from lfw17_kedro.types import F32, F64, UNKNOWN, Embeddings

LOOKS = {  # kind of face -> its marker
    "train": {"color": GREY, "symbol": "circle", "size": 5, "opacity": 0.55},
    "test, label unknown": {"color": SKY, "symbol": "diamond", "size": 7},
    "test, right": {"color": BLUE, "symbol": "circle", "size": 7},
    "test, wrong": {"color": VERMILION, "symbol": "x", "size": 11},
}
NEIGHBOURS = 30.0  # t-SNE's perplexity, scikit-learn's own choice
AXES = {"tsne": "t-SNE", "pca": "principal component"}


def project_embeddings(vectors: F32, projection: str, seed: int) -> F64:
    """Lay embeddings out in the plane.

    Args:
        vectors: (N, D) float32, N at least 2.
        projection: "tsne" keeps neighbours together, "pca" distances, and is faster.
        seed: of t-SNE's chance.

    Returns:
        (N, 2) float64, in no unit.

    Raises:
        ValueError: another projection.

    Source: van der Maaten and Hinton 2008 (t-SNE), both by scikit-learn.
    """
    if projection not in AXES:
        raise ValueError(
            f"reporting.map.projection: expected one of {sorted(AXES)}, got "
            f"{projection!r}."
        )
    if projection == "pca":
        return np.asarray(PCA(2, random_state=seed).fit_transform(vectors), np.float64)
    perplexity = min(NEIGHBOURS, (len(vectors) - 1) / 3)
    tsne = TSNE(init="pca", perplexity=perplexity, random_state=seed)
    # On a busy machine its threads wait for each other: 33 s with two, 2 s with one,
    # for 400 faces on 2 cores.
    with threadpool_limits(1):
        return np.asarray(tsne.fit_transform(vectors), np.float64)


def choose_faces(
    train: Embeddings,
    test: Embeddings,
    predictions: pd.DataFrame,
    train_table: pd.DataFrame,
    max_faces: int,
    seed: int,
) -> tuple[F32, pd.DataFrame]:
    """Choose the faces on the map: originals that train, then the test faces.

    Args:
        train: embeddings of training photos.
        test: embeddings of test photos.
        predictions: one method's answers; see `predictions`.
        train_table: of `data_processing`.
        max_faces: more than these are figures by lot.
        seed: of the lot.

    Returns:
        (N, D) float32 embeddings and the table of their faces: `id`, `kind` (a key of
        `LOOKS`), `truth` and `predicted` (labels, `UNKNOWN` where there is none).
    """
    originals = train_table[train_table["copy"] == 0].set_index("id")["label"]
    kept = np.flatnonzero(np.isin(train["ids"], originals.index))
    trained = pd.DataFrame({"id": train["ids"][kept], "kind": "train"})
    trained["truth"] = originals.loc[trained["id"]].to_numpy()
    trained["predicted"] = UNKNOWN
    tested = (
        predictions[predictions["split"] == "test"]
        .set_index("id")
        .loc[list(test["ids"])]
    )
    tested = tested.reset_index()
    tested["kind"] = np.where(tested["correct"], "test, right", "test, wrong")
    tested.loc[tested["truth"] == UNKNOWN, "kind"] = "test, label unknown"
    faces = pd.concat(
        [trained, tested[["id", "kind", "truth", "predicted"]]], ignore_index=True
    )
    vectors = np.concatenate([train["vectors"][kept], test["vectors"]])
    if len(faces) > max_faces:
        lot = np.random.default_rng(seed).choice(len(faces), max_faces, replace=False)
        lot.sort()
        return vectors[lot], faces.iloc[lot].reset_index(drop=True)
    return vectors, faces


def plot_map(
    embeddings: Mapping[str, tuple[Embeddings | None, Embeddings | None]],
    predictions: pd.DataFrame,
    train_table: pd.DataFrame,
    class_names: list[str],
    settings: dict[str, Any],
    seed: int,
) -> go.Figure:
    """Draw the map of each method that leaves embeddings.

    Args:
        embeddings: method -> those of its training and test faces, or None.
        predictions: a table of predictions; see `predictions`.
        train_table: of `data_processing`.
        class_names: the K names.
        settings: `projection` and `max_faces`.
        seed: of all chance.
    """
    answered = set(predictions["method"])
    known = {
        method: (train, test)
        for method, (train, test) in embeddings.items()
        if train is not None and test is not None and method in answered
    }
    if not known:
        return plot_note("No method that leaves embeddings was run.")
    titles = [f"{method}: {AXES.get(settings['projection'], '')}" for method in known]
    figure = make_subplots(rows=len(known), subplot_titles=titles)
    for row, (method, (train, test)) in enumerate(known.items(), 1):
        own = predictions[predictions["method"] == method]
        vectors, faces = choose_faces(
            train, test, own, train_table, settings["max_faces"], seed
        )
        points = project_embeddings(vectors, settings["projection"], seed)
        faces = faces.assign(x=points[:, 0], y=points[:, 1])
        _add_faces(figure, faces, class_names, row)
    figure.update_xaxes(title=f"{AXES[settings['projection']]} 1 (no unit)")
    figure.update_yaxes(title=f"{AXES[settings['projection']]} 2 (no unit)")
    figure = set_look(figure, 100 + 560 * len(known))
    return figure.update_layout(legend_y=1.04 if len(known) == 1 else 1.02)


def _add_faces(
    figure: go.Figure, faces: pd.DataFrame, class_names: list[str], row: int
) -> None:
    """Add one method's faces and, at the middle of each person's, the name."""
    names = np.array([*class_names, "unknown"])  # UNKNOWN is -1, the last
    for kind, look in LOOKS.items():
        shown = faces[faces["kind"] == kind]
        if not len(shown):
            continue
        named = np.where(
            shown["predicted"] == UNKNOWN, "", "<br>named " + names[shown["predicted"]]
        )
        figure.add_scatter(
            x=shown["x"],
            y=shown["y"],
            mode="markers",
            marker=look,
            name=f"{kind} ({len(shown)})",
            customdata=np.stack([shown["id"], names[shown["truth"]], named], axis=1),
            hovertemplate="%{customdata[0]}: %{customdata[1]}%{customdata[2]}"
            f"<extra>{kind}</extra>",
            row=row,
            col=1,
        )
    labelled = faces[faces["truth"] != UNKNOWN]
    for label, place in labelled.groupby("truth")[["x", "y"]].median().iterrows():
        figure.add_annotation(
            x=place["x"],
            y=place["y"],
            text=class_names[int(str(label))],
            showarrow=False,
            yshift=13,
            font={"size": 11},
            bgcolor="rgba(255,255,255,0.7)",
            row=row,
            col=1,
        )

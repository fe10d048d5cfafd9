"""A map of the embeddings: faces that an encoder finds alike are close together."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from lfw17_kedro.faces.split import select_originals
from lfw17_kedro.reporting.style import (
    BLUE,
    GREY,
    SKY,
    VERMILION,
    describe_figure,
    escape_markup,
    plot_note,
    set_look,
)
from lfw17_kedro.types import F32, F64, UNKNOWN, Features

LOOKS = {  # kind of face -> its marker
    "train": {"color": GREY, "symbol": "circle", "size": 5, "opacity": 0.55},
    "test, label unknown": {"color": SKY, "symbol": "diamond", "size": 7},
    "test, correct": {"color": BLUE, "symbol": "circle", "size": 7},
    "test, incorrect": {"color": VERMILION, "symbol": "x", "size": 11},
}
NEIGHBOURS = 30.0  # t-SNE's perplexity, scikit-learn's own choice
AXES = {"tsne": "t-SNE", "pca": "principal component"}
VECTORS = "vectors"  # the array of features that is an embedding, (N, D)
MAX_NAMED = 40  # people up to whom the map writes their names


def project_embeddings(vectors: F32, projection: str, seed: int) -> F64:
    """Lay embeddings out in the plane.

    Args:
        vectors: (N, D) float32, N at least 2.
        projection: "tsne" keeps neighbours together, "pca" distances, and is faster.
        seed: of t-SNE.

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
    train: Features,
    test: Features,
    predictions: pd.DataFrame,
    train_table: pd.DataFrame,
) -> tuple[F32, pd.DataFrame]:
    """Choose the faces for the map: original training faces, then the test faces.

    Args:
        train: features of training photos, with the array `VECTORS`.
        test: features of test photos, with the array `VECTORS`.
        predictions: one method's predictions; see `predictions`.
        train_table: of `data_processing`.

    Returns:
        (N, D) float32 embeddings and the table of their faces: `id`, `kind` (a key of
        `LOOKS`), `truth` and `predicted` (labels, `UNKNOWN` where there is none).
    """
    originals = select_originals(train_table).set_index("id")["label"]
    kept = np.flatnonzero(np.isin(train.ids, originals.index))
    trained = pd.DataFrame({"id": train.ids[kept], "kind": "train"})
    trained["truth"] = originals.loc[trained["id"]].to_numpy()
    trained["predicted"] = UNKNOWN
    tested = predictions[predictions["split"] == "test"].set_index("id")
    tested = tested.loc[list(test.ids)].reset_index()
    tested["kind"] = np.where(tested["correct"], "test, correct", "test, incorrect")
    tested.loc[tested["truth"] == UNKNOWN, "kind"] = "test, label unknown"
    faces = pd.concat(
        [trained, tested[["id", "kind", "truth", "predicted"]]], ignore_index=True
    )
    vectors = np.concatenate([train.arrays[VECTORS][kept], test.arrays[VECTORS]])
    return vectors, faces


def plot_map(
    features: Mapping[str, tuple[Features | None, Features | None]],
    predictions: pd.DataFrame,
    train_table: pd.DataFrame,
    class_names: list[str],
    settings: dict[str, Any],
    seed: int,
) -> go.Figure:
    """Plot the map of each method whose features are embeddings.

    Args:
        features: method -> those of its training and test faces, or None; features
            without the array `VECTORS` are not on the map.
        predictions: a table of predictions; see `predictions`.
        train_table: of `data_processing`.
        class_names: the K names.
        settings: `projection` and `max_faces`.
        seed: of all random choices.
    """
    known = _choose_methods(features, set(predictions["method"]))
    others = [
        method
        for method, (train, test) in known.items()
        if not _is_of_images(train, test, train_table, predictions)
    ]
    sentences, notes = [], []
    for method in others:
        del known[method]
        sentences.append(f"{method}: its features are of other images; run it again.")
    if not known:
        none = "No method that makes embeddings was run."
        return plot_note(" ".join(sentences) or none)
    titles = [escape_markup(method) for method in known]
    figure = make_subplots(
        rows=len(known), subplot_titles=titles, vertical_spacing=0.12 / len(known)
    )
    for row, (method, (train, test)) in enumerate(known.items(), 1):
        own = predictions[predictions["method"] == method]
        vectors, faces = choose_faces(train, test, own, train_table)
        if len(faces) > settings["max_faces"]:
            total, sample = len(faces), settings["max_faces"]
            rng = np.random.default_rng(seed)
            rows = np.sort(rng.choice(total, sample, replace=False))
            vectors, faces = vectors[rows], faces.iloc[rows].reset_index(drop=True)
            notes.append(f"{method}: a random sample of {sample} of {total} faces.")
        points = project_embeddings(vectors, settings["projection"], seed)
        faces = faces.assign(x=points[:, 0], y=points[:, 1])
        _add_faces(figure, faces, class_names, row)
        kinds = faces["kind"].value_counts(sort=False)
        counted = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
        sentences.append(f"{method}: {counted}.")
    axis = AXES[settings["projection"]]
    figure.update_xaxes(title=f"{axis} 1 (no unit)")
    figure.update_yaxes(title=f"{axis} 2 (no unit)")
    if len(class_names) > MAX_NAMED:
        notes.append(
            f"With more than {MAX_NAMED} people, names appear under the pointer."
        )
    return describe_figure(
        set_look(figure, 40 + 480 * len(known), title_lines=1),
        f"Map of the embeddings by {axis}. Faces by kind: {' '.join(sentences)}",
        " ".join(notes),
    )


def _choose_methods(
    features: Mapping[str, tuple[Features | None, Features | None]],
    predicted: Collection[str],
) -> dict[str, tuple[Features, Features]]:
    """Choose the methods with predictions whose features are embeddings."""
    return {
        method: (train, test)
        for method, (train, test) in features.items()
        if method in predicted
        and train is not None
        and test is not None
        and VECTORS in train.arrays
    }


def _is_of_images(
    train: Features,
    test: Features,
    train_table: pd.DataFrame,
    predictions: pd.DataFrame,
) -> bool:
    """Tell whether features are of the present images, each once."""
    tested = predictions[predictions["split"] == "test"]["id"].unique()
    pairs = (train.ids, train_table["id"]), (test.ids, tested)
    return all(sorted(found) == sorted(wanted) for found, wanted in pairs)


def _add_faces(
    figure: go.Figure, faces: pd.DataFrame, class_names: list[str], row: int
) -> None:
    """Add one method's faces and, at the middle of each person's, the name."""
    names = np.array([*map(escape_markup, class_names), "unknown"])  # UNKNOWN is -1
    for kind, look in LOOKS.items():
        shown = faces[faces["kind"] == kind]
        if not len(shown):
            continue
        predicted = np.where(
            shown["predicted"] == UNKNOWN,
            "",
            np.char.add("<br>predicted ", names[shown["predicted"]]),
        )
        ids = shown["id"].map(escape_markup)
        figure.add_scatter(
            x=shown["x"],
            y=shown["y"],
            mode="markers",
            marker=look,
            name=kind,
            legendgroup=kind,
            showlegend=kind not in {trace.name for trace in figure.data},
            customdata=np.stack([ids, names[shown["truth"]], predicted], axis=1),
            hovertemplate="%{customdata[0]}: %{customdata[1]}%{customdata[2]}"
            f"<extra>{kind}</extra>",
            row=row,
            col=1,
        )
    if len(class_names) > MAX_NAMED:
        return
    labelled = faces[faces["truth"] != UNKNOWN]
    for label, place in labelled.groupby("truth")[["x", "y"]].median().iterrows():
        figure.add_annotation(
            x=place["x"],
            y=place["y"],
            text=names[int(str(label))],
            showarrow=False,
            yshift=13,
            font={"size": 11},
            row=row,
            col=1,
        )

"""What keeps a photo from being enrolled: rules that mark the rows of a table.

Each rule marks rows that no earlier rule has marked, so the first reason counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lfw17_kedro.faces.class_names import find_name_problem, simplify_name
from lfw17_kedro.gallery_types import CHECK, LEFT_OUT
from lfw17_kedro.people.copies import find_originals
from lfw17_kedro.people.names import is_reserved
from lfw17_kedro.people.open_set import (
    make_templates,
    score_strangers,
    score_without_own,
)
from lfw17_kedro.people.quality import measure_extent, read_hashes
from lfw17_kedro.scan_types import BOX, LANDMARKS
from lfw17_kedro.types import F32, F64, I64, MIN_PEOPLE, Bools, Table


@dataclass(frozen=True)
class QualityGate:
    """What a face must have to be enrolled.

    Attributes:
        min_extent: between eyes and mouth, pixels.
        min_sharpness: see `quality.measure_sharpness`.
        max_different_bits: up to which two photos are the same picture, of 64.
    """

    min_extent: float
    min_sharpness: float
    max_different_bits: int


def leave_out(table: Table, rows: Bools, reason: str | Iterable[str]) -> None:
    """Mark rows as left out, except those that have a mark already."""
    fresh = rows & is_open(table)
    reasons = pd.Series(reason, index=table.index, dtype=object)
    table.loc[fresh, "reason"] = reasons[fresh]
    table.loc[fresh, "action"] = LEFT_OUT


def is_open(table: Table) -> Bools:
    """Tell which rows no rule has left out."""
    return (table["action"] != LEFT_OUT).to_numpy()


def refuse_names(table: Table) -> None:
    """Leave out people whose names no folder, table or page could bear."""
    owners: dict[str, str] = {}
    problems = {}
    for person in dict.fromkeys(table["person"]):
        look = simplify_name(person)
        if not person:
            problem = "it lies in no folder of a person; move it into one"
        elif is_reserved(person):
            problem = f"the name {person} is reserved; name the folder after the person"
        elif fault := find_name_problem(person):
            problem = f"the name of the folder {fault}"
        elif look in owners:
            problem = f"the folder looks the same as {owners[look]}; rename one of them"
        else:
            owners[look] = person
            continue
        problems[person] = problem
    leave_out(
        table,
        table["person"].isin(list(problems)).to_numpy(),
        table["person"].map(problems),
    )


def refuse_same_files(table: Table) -> None:
    """Leave out files that are there twice, and all of them under two names."""
    _refuse_same(table, table["sha256"].to_numpy(), "file")


def refuse_same_faces(table: Table) -> None:
    """Leave out faces that are there twice, and all of them under two names."""
    places = table[["sha256", *BOX]].astype(str).agg(" ".join, axis=1)
    _refuse_same(table, places.to_numpy(), "face")


def refuse_poor_faces(table: Table, gate: QualityGate) -> None:
    """Leave out faces that are too small or blurred."""
    extents, sharpness = table["extent"], table["sharpness"]
    leave_out(
        table,
        (extents < gate.min_extent).to_numpy(),
        [
            f"the face is small: {extent:.0f} pixels between eyes and mouth, at least "
            f"{gate.min_extent:g} are needed"
            for extent in extents
        ],
    )
    leave_out(
        table,
        (sharpness < gate.min_sharpness).to_numpy(),
        [
            f"the face is blurred: sharpness {one:.3g}, at least "
            f"{gate.min_sharpness:g} is needed"
            for one in sharpness
        ],
    )


def refuse_same_pictures(table: Table, vectors: F32, gate: QualityGate) -> None:
    """Leave out all but the largest of several files that hold one picture.

    Args:
        table: table of all photos.
        vectors: (N, D) float32, embeddings of the rows' faces.
        gate: how alike they must be.
    """
    rows = np.flatnonzero(is_open(table))
    rows = rows[np.argsort(-table["extent"].to_numpy()[rows], kind="stable")]
    copies = np.arange(len(table))  # the row that each is a copy of
    if len(rows) > 1:
        originals = find_originals(
            read_hashes(table["picture_hash"].to_numpy()[rows]),
            _measure_shapes(table)[rows],
            vectors[rows],
            gate.max_different_bits,
        )
        copies[rows] = rows[originals]
    ordered = table.iloc[np.concatenate([rows, np.flatnonzero(~is_open(table))])]
    _refuse_same(table, copies, "picture", ordered.index)


def _measure_shapes(table: Table) -> F64:
    """Give the landmarks of faces about their mean, of the extent: (N, 5, 2)."""
    landmarks = table[[*LANDMARKS]].to_numpy(np.float64).reshape(-1, 5, 2)
    extents = np.maximum(measure_extent(landmarks), 1)[:, None, None]  # pixels
    shapes: F64 = (landmarks - landmarks.mean(axis=1, keepdims=True)) / extents
    return shapes


def mark_wrong_folders(
    table: Table, vectors: F32, labels: I64, cohort: F32, rate: float
) -> None:
    """Leave out faces that agree better with another person than with their own.

    Only where they agree with the other one as a face must to be named; below that the
    row is marked to be checked, for a poor photo agrees with nobody.

    Args:
        table: N rows, which get `similarity`, `nearest_other`, `similarity_other`.
        vectors: (N, D) float32.
        labels: (N,) int64, 0..K-1 of the rows' people.
        cohort: (M, D) float32.
        rate: false accept rate to aim at, 0-1.
    """
    people = list(dict.fromkeys(table["person"]))
    genuine, impostor, other = score_without_own(vectors, labels, len(people))
    table["similarity"], table["similarity_other"] = genuine, impostor
    if len(people) < MIN_PEOPLE:  # nobody to be mistaken for
        return
    others = np.array(people, object)[other]
    table["nearest_other"] = others
    # Not from these people: a face in a wrong folder would raise it.
    templates = make_templates(vectors, labels, len(people))
    strangers = score_strangers(cohort, templates)
    limit = np.quantile(strangers, 1 - rate) if len(strangers) else np.inf
    doubtful = impostor > genuine
    reasons = [
        f"it looks more like {other} than like its own person" for other in others
    ]
    leave_out(table, doubtful & (impostor >= limit), reasons)
    check = doubtful & is_open(table)
    table.loc[check, "reason"] = pd.Series(reasons, index=table.index)[check]
    table.loc[check, "action"] = CHECK


def _refuse_same(
    table: Table, keys: np.ndarray, what: str, order: pd.Index | None = None
) -> None:
    """Leave out rows that share a key: all but the first, or all under two names."""
    chosen = table.assign(key=keys).loc[table.index if order is None else order]
    chosen = chosen[is_open(chosen)]
    chosen = chosen[chosen["key"].duplicated(keep=False)]  # the few that share one
    for _, group in chosen.groupby("key", sort=False):
        people = list(dict.fromkeys(group["person"]))
        if len(people) > 1:
            names = " and as ".join(people)
            reason = f"the same {what} is there as {names}; remove it from one of them"
            rows = group.index
        else:
            reason = f"the same {what} as {group['photo'].iloc[0]}"
            rows = group.index[1:]
        leave_out(table, table.index.isin(rows), reason)

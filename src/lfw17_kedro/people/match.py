"""Name faces after the people of a gallery, nobody twice in one photo.

Axes: N faces, D embedding dimensions, K people.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from lfw17_kedro.people.open_set import compare_in_blocks, rate_false_accepts
from lfw17_kedro.people_types import UNKNOWN_NAME, Gallery
from lfw17_kedro.types import F32, F64, I64, Bools, Table

BLOCK = 4096  # faces compared with all templates at a time
NOBODY = -1
TIE = 1e-9  # less than float32 can tell apart


def match_faces(
    vectors: F32, photos: I64, gallery: Gallery, allowed: Bools | None = None
) -> Table:
    """Name each face after a person of the gallery, or `UNKNOWN_NAME`.

    A face may be given a person whose similarity is the gallery's threshold at least.
    Where several faces of one photo compete, the assignment with the greatest total of
    similarity above the threshold counts. So a face that loses its nearest person to
    another gets the next one, if that is similar enough too.

    Args:
        vectors: (N, D) float32 of L2 norm 1.
        photos: (N,) int64, equal for the faces of one photo; in any order.
        gallery: K people; K may be 0.
        allowed: (N, K) bool, false where a face must not be given a name; None for no
            limits.

    Returns:
        N rows in order, `MATCH_COLUMNS`, see `IDENTIFIED_COLUMNS`.
        `nearest` to `nearest_photo` tell of similarity alone, whatever the name.

    Raises:
        ValueError: arrays or a gallery that do not fit.
    """
    _check(vectors, photos, gallery, allowed)
    n = len(vectors)
    names, nearest, second = np.full((3, n), NOBODY)
    similarity, margin = np.full((2, n), np.nan)
    for rows in _cut_between_photos(photos) if gallery.people else ():
        similarities = (vectors[rows] @ gallery.templates.T).astype(np.float64)
        nearest[rows] = similarities.argmax(axis=1)
        similarity[rows] = similarities.max(axis=1)
        above = similarities - gallery.threshold.value
        if allowed is not None:
            above[~allowed[rows]] = -np.inf
        names[rows] = _assign(above, photos[rows])
        if len(gallery.people) > 1:
            similarities[np.arange(len(rows)), nearest[rows]] = -np.inf
            second[rows] = similarities.argmax(axis=1)
            margin[rows] = similarity[rows] - similarities.max(axis=1)
    nearest_face = _find_nearest_faces(vectors, nearest, gallery)
    return pd.DataFrame(
        {
            "name": _look_up(gallery.people, names, UNKNOWN_NAME),
            "nearest": _look_up(gallery.people, nearest),
            "similarity": similarity,
            "second": _look_up(gallery.people, second),
            "margin": margin,
            "false_accept_rate": rate_false_accepts(similarity, gallery.threshold),
            "nearest_photo": _look_up(tuple(gallery.faces["photo"]), nearest_face),
        }
    )


def _check(vectors: F32, photos: I64, gallery: Gallery, allowed: Bools | None) -> None:
    """Check that shapes fit.

    Raises:
        ValueError: they do not.
    """
    people = len(gallery.people)
    if vectors.ndim != 2 or photos.shape != vectors.shape[:1]:  # noqa: PLR2004 (N, D)
        raise ValueError(
            f"expected embeddings (N, D) and photos (N,), got {vectors.shape} and "
            f"{photos.shape}; pass the rows of one scan."
        )
    if people and gallery.templates.shape != (people, vectors.shape[1]):
        raise ValueError(
            f"gallery: expected templates {(people, vectors.shape[1])}, one for each "
            f"person, as long as the embeddings, got {gallery.templates.shape}; enrol "
            "and identify with one encoder."
        )
    if missing := sorted(set(gallery.people) - set(gallery.faces["person"])):
        raise ValueError(
            f"gallery: expected a face of each person, got none of {missing[0]!r}; "
            "enrol again."
        )
    if allowed is not None and allowed.shape != (len(vectors), people):
        raise ValueError(
            f"allowed: expected {(len(vectors), people)}, a row for each face and a "
            f"column for each person, got {allowed.shape}."
        )


def _cut_between_photos(photos: I64) -> Iterator[I64]:
    """Give rows in blocks of about `BLOCK`; the faces of a photo stay together."""
    order = np.argsort(photos, kind="stable")
    ends = np.flatnonzero(np.diff(photos[order], append=photos[order][-1:] + 1)) + 1
    start = 0
    while start < len(order):
        full = np.searchsorted(ends, start + BLOCK, side="right") - 1
        end = ends[full] if full >= 0 and ends[full] > start else ends[full + 1]
        yield order[start:end]
        start = end


def _assign(above: F64, photos: I64) -> I64:
    """Assign people to faces, each person at most once a photo.

    Args:
        above: (n, K) float64, similarity less the threshold; -inf where not allowed.
        photos: (n,) int64, sorted.

    Returns:
        (n,) int64, the person or `NOBODY`.
    """
    best = above.argmax(axis=1)
    names = np.where(above[np.arange(len(best)), best] >= 0, best, NOBODY)
    # Where all faces of a photo want different people, nothing has to be solved.
    named = np.flatnonzero(names != NOBODY)
    wanted = pd.DataFrame({"photo": photos[named], "name": names[named]})
    for photo in np.unique(wanted.loc[wanted.duplicated(), "photo"]):
        rows = slice(*np.searchsorted(photos, [photo, photo + 1]))
        weights = np.where(above[rows] >= 0, above[rows] + TIE, 0)
        faces, people = linear_sum_assignment(weights, maximize=True)
        names[rows] = NOBODY
        given = weights[faces, people] > 0
        names[rows][faces[given]] = people[given]
    return names


def _find_nearest_faces(vectors: F32, nearest: I64, gallery: Gallery) -> I64:
    """Find the row in the gallery of the nearest person's most similar face, (N,)."""
    rows = np.full(len(vectors), NOBODY)
    of_person = gallery.faces.groupby("person").indices
    for index in np.unique(nearest[nearest != NOBODY]):
        probes = np.flatnonzero(nearest == index)
        own = of_person[gallery.people[index]]
        faces = gallery.vectors[own]
        for block, similarities in compare_in_blocks(vectors[probes], faces):
            rows[probes[block]] = own[similarities.argmax(axis=1)]
    return rows


def _look_up(texts: tuple[str, ...], rows: I64, nobody: str = "") -> list[str]:
    """Give a text for each row."""
    return [nobody if row == NOBODY else texts[row] for row in rows]

"""Name faces after the people of a gallery, nobody twice in one photo.

Axes: N faces, D embedding dimensions, K people.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from lfw17_kedro.gallery_types import (
    NOTHING_FORBIDDEN,
    UNKNOWN_NAME,
    Forbidden,
    Gallery,
)
from lfw17_kedro.people.neighbour_index import AUTO, make_index
from lfw17_kedro.people.neighbours import NO_ROW, Nearest
from lfw17_kedro.people.open_set import compare_in_blocks, rate_false_accepts
from lfw17_kedro.scan_types import Vectors
from lfw17_kedro.types import F32, F64, I64, Table

BLOCK = 4096  # faces named at a time
NOBODY = NO_ROW
TIE = 1e-9  # less than float32 can tell apart


def match_faces(
    vectors: Vectors,
    photos: I64,
    gallery: Gallery,
    forbidden: Forbidden = NOTHING_FORBIDDEN,
    index: str = AUTO,
) -> Table:
    """Name each face after a person of the gallery, or `UNKNOWN_NAME`.

    A face may be given a person whose similarity is the gallery's threshold at least.
    Where several faces of one photo compete, the assignment with the greatest total of
    similarity above the threshold counts. So a face that loses its nearest person to
    another gets the next one, if that is similar enough too.

    Memory does not grow with N times K. Of the people that a face may be given, only
    the n most similar are kept, where n is the number of faces of its photo: the other
    n - 1 faces cannot take all of these.

    Args:
        vectors: embeddings of N faces.
        photos: (N,) int64, equal for the faces of one photo; in any order.
        gallery: K people; K may be 0.
        forbidden: the names that faces must not be given.
        index: how people are searched, see `make_index`.

    Returns:
        N rows in order, `MATCH_COLUMNS`, see `IDENTIFIED_COLUMNS`.
        `nearest` to `nearest_photo` are about similarity alone, whatever the name.

    Raises:
        ValueError: arrays or a gallery that do not fit, or no such index.
        ModuleNotFoundError: the index needs a package that is missing.
    """
    _check(vectors, photos, gallery, forbidden)
    n = len(photos)
    names, nearest, second, faces = np.full((4, n), NOBODY)
    similarity, margin = np.full((2, n), np.nan)
    if gallery.people:
        people = make_index(gallery.templates, index)
        of_person = {
            person: np.asarray(rows)
            for person, rows in gallery.faces.groupby("person").indices.items()
        }
        for rows, block in _list_blocks(vectors, photos):
            found = people.search(block, _count_needed(rows, photos, forbidden))
            names[rows] = _name(found, rows, photos, forbidden, gallery)
            nearest[rows] = found.rows[:, 0]
            similarity[rows] = _blank(found.similarities[:, 0])
            if found.rows.shape[1] > 1:
                second[rows] = found.rows[:, 1]
                margin[rows] = similarity[rows] - _blank(found.similarities[:, 1])
            faces[rows] = _find_nearest_faces(block, nearest[rows], gallery, of_person)
    return pd.DataFrame(
        {
            "name": _look_up(gallery.people, names, UNKNOWN_NAME),
            "nearest": _look_up(gallery.people, nearest),
            "similarity": similarity,
            "second": _look_up(gallery.people, second),
            "margin": margin,
            "false_accept_rate": rate_false_accepts(similarity, gallery.threshold),
            "nearest_photo": _look_up(tuple(gallery.faces["photo"]), faces),
        }
    )


def _check(
    vectors: Vectors, photos: I64, gallery: Gallery, forbidden: Forbidden
) -> None:
    """Check that shapes fit.

    Raises:
        ValueError: they do not.
    """
    people = len(gallery.people)
    if len(vectors.shape) != 2 or photos.shape != vectors.shape[:1]:  # noqa: PLR2004
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
    rows = forbidden.faces | forbidden.people.keys()
    if rows and not 0 <= min(rows) <= max(rows) < len(photos):
        raise ValueError(
            f"forbidden: expected rows 0..{len(photos) - 1}, one for each face, got "
            f"{min(rows)}..{max(rows)}; apply the corrections to these faces."
        )


def _list_blocks(vectors: Vectors, photos: I64) -> Iterator[tuple[I64, F32]]:
    """Give rows, sorted by photo, and their vectors in blocks of about `BLOCK`."""
    for rows, block in vectors.stream():
        for own in _cut_between_photos(photos[rows]):
            yield rows[own], block[own]


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


def _count_needed(rows: I64, photos: I64, forbidden: Forbidden) -> int:
    """Count the people to look for so that every face keeps enough of them.

    As many as its photo has faces, beside those that it must not be given; and 2, for
    the margin.
    """
    n_forbidden = max((len(forbidden.people.get(row, ())) for row in rows), default=0)
    return max(
        2, int(np.unique(photos[rows], return_counts=True)[1].max()) + n_forbidden
    )


def _name(
    found: Nearest, rows: I64, photos: I64, forbidden: Forbidden, gallery: Gallery
) -> I64:
    """Name the faces of whole photos, (n,) int64: the person or `NOBODY`."""
    above = found.similarities.astype(np.float64) - gallery.threshold.value
    for place, row in enumerate(rows.tolist()):
        if row in forbidden.faces:
            above[place] = -np.inf
        elif row in forbidden.people:
            taken = np.isin(found.rows[place], [*forbidden.people[row]])
            above[place, taken] = -np.inf
    return _assign(above, found.rows, photos[rows], len(gallery.people))


def _assign(above: F64, people: I64, photos: I64, n_people: int) -> I64:
    """Assign people to faces, each person at most once per photo.

    Args:
        above: (n, k) float64, similarity less the threshold; -inf where not allowed.
        people: (n, k) int64, whose similarity that is; the most similar first.
        photos: (n,) int64, sorted.
        n_people: K.

    Returns:
        (n,) int64, the person or `NOBODY`.
    """
    places = np.arange(len(above)), above.argmax(axis=1)
    names = np.where(above[places] >= 0, people[places], NOBODY)
    # Where all faces of a photo want different people, nothing has to be solved.
    named = np.flatnonzero(names != NOBODY)
    wanted = pd.DataFrame({"photo": photos[named], "name": names[named]})
    for photo in np.unique(wanted.loc[wanted.duplicated(), "photo"]):
        rows = slice(*np.searchsorted(photos, [photo, photo + 1]))
        names[rows] = _solve(above[rows], people[rows], n_people)
    return names


def _solve(above: F64, people: I64, n_people: int) -> I64:
    """Assign people to the n faces of one photo, see `_assign`."""
    faces, columns = np.nonzero(above >= 0)
    wanted = people[faces, columns]
    # With n others whom nobody wants, each face can be assigned to nobody.
    n_listed = min(n_people, len(above) + len(np.unique(wanted)))
    listed = np.union1d(wanted, np.arange(n_listed))
    weights = np.zeros((len(above), len(listed)))
    weights[faces, np.searchsorted(listed, wanted)] = above[faces, columns] + TIE
    chosen, assigned = linear_sum_assignment(weights, maximize=True)
    given = weights[chosen, assigned] > 0
    names = np.full(len(above), NOBODY)
    names[chosen[given]] = listed[assigned[given]]
    return names


def _find_nearest_faces(
    vectors: F32, nearest: I64, gallery: Gallery, of_person: Mapping[Any, I64]
) -> I64:
    """Find the row in the gallery of the nearest person's most similar face, (n,)."""
    rows = np.full(len(vectors), NOBODY)
    for index in np.unique(nearest[nearest != NOBODY]):
        probes = np.flatnonzero(nearest == index)
        own = of_person[gallery.people[index]]
        faces = gallery.vectors[own]
        for block, similarities in compare_in_blocks(vectors[probes], faces):
            rows[probes[block]] = own[similarities.argmax(axis=1)]
    return rows


def _blank(similarities: F32) -> F64:
    """Put NaN for those that were not found."""
    return np.where(np.isneginf(similarities), np.nan, similarities.astype(np.float64))


def _look_up(texts: tuple[str, ...], rows: I64, nobody: str = "") -> list[str]:
    """Give a text for each row."""
    return [nobody if row == NOBODY else texts[row] for row in rows]

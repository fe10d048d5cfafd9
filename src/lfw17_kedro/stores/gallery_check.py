"""Check that the parts of a gallery fit together."""

from collections.abc import Iterator

import numpy as np

from lfw17_kedro.gallery_types import GALLERY_COLUMNS, SCORE_KINDS, Gallery
from lfw17_kedro.scan_types import FACE_COLUMNS
from lfw17_kedro.types import F32

NORM_TOLERANCE = 1e-3  # of embeddings; float32 keeps 1e-6


def check_gallery(gallery: Gallery) -> None:
    """Refuse a gallery that would name faces wrongly.

    Raises:
        ValueError: the first thing that does not fit.
    """
    for problem in _list_problems(gallery):
        raise ValueError(problem)


def _list_problems(gallery: Gallery) -> Iterator[str]:
    """Say what does not fit; what comes later relies on what came before."""
    faces, people = gallery.faces, gallery.people
    if missing := [name for name in GALLERY_COLUMNS if name not in faces]:
        yield f"faces without the columns {missing}"
    for name in ("person", "photo", "sha256", "picture_hash"):
        if not all(isinstance(one, str) for one in faces[name]):
            yield f"faces whose {name} is no text"
    numbers = faces[[*FACE_COLUMNS[1:]]].to_numpy(np.float64)
    if not np.isfinite(numbers).all():
        yield "faces with numbers that are not finite"
    if not all(isinstance(one, str) and one for one in people):
        yield "people without a name"
    if list(people) != sorted(set(people)):
        yield "people who are not sorted, each once"
    if unlike := {*people} ^ {*faces["person"]}:
        yield f"people and faces that do not agree on {min(unlike)!r}"
    if gallery.vectors.ndim != 2 or not gallery.vectors.shape[1]:  # noqa: PLR2004 - N, D
        yield f"embeddings of shape {gallery.vectors.shape}"
    dimension = gallery.vectors.shape[1]
    yield from _check_vectors(gallery.vectors, (len(faces), dimension), "embeddings")
    yield from _check_vectors(gallery.templates, (len(people), dimension), "templates")
    cohort = gallery.cohort.vectors.reshape(-1, dimension)
    yield from _check_vectors(cohort, (len(gallery.cohort.people), dimension), "cohort")
    threshold = gallery.threshold
    values = [threshold.value, threshold.rate, threshold.attainable_rate]
    if not np.isfinite(values).all():
        yield f"a threshold, rate and attainable rate of {values}"
    for kind in SCORE_KINDS:
        scores = getattr(threshold, kind)
        if scores.ndim != 1 or not np.isfinite(scores).all():
            yield f"scores ({kind}) that are not finite"
        if (np.diff(scores) < 0).any():
            yield f"scores ({kind}) that are not sorted"


def _check_vectors(vectors: F32, shape: tuple[int, int], what: str) -> Iterator[str]:
    """Say what is wrong with embeddings or templates."""
    if vectors.shape != shape:
        yield f"{what} of shape {vectors.shape}, not {shape}"
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not (np.abs(norms - 1) < NORM_TOLERANCE).all():
        yield f"{what} that are not all of length 1"

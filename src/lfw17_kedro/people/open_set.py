"""From which similarity on a face is named: templates, impostors, threshold.

A face is compared with each person's template by the cosine. How near a stranger comes
depends on who is enrolled: the more people, the nearer. So each gallery gets its own
threshold, from impostors: each enrolled person in turn plays the stranger for the
others, and a cohort of people who are not enrolled plays it for all.

Axes: N enrolled faces, D embedding dimensions, K people, M faces of the cohort.
"""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from lfw17_kedro.gallery_types import OpenSetThreshold
from lfw17_kedro.types import F32, F64, I64, Table

BLOCK = 4096  # faces compared with all templates at a time,
MAX_PAIRS = 1 << 23  # or fewer: 64 MB of cosines
ACCEPTED = ("leave_one_out_accepted", "cohort_accepted")
CURVE_COLUMNS = ("threshold", *ACCEPTED, "genuine_missed")
FALLBACKS = {"dlib_resnet": 0.93, "facenet": 0.60}
"""Encoder -> min cosine of two faces of one person, published for pairs of photos.

Source: deepface, deepface/config/threshold.py: cosine distances of 0.07 (Dlib) and
0.40 (Facenet).
"""
NO_FALLBACK = 1.0  # of an encoder for which nobody published one: no name is given


def get_fallback(encoder: str) -> float:
    """Give the published threshold of an encoder, or `NO_FALLBACK`.

    Args:
        encoder: a key of `encoders.registry.ENCODERS`.
    """
    return FALLBACKS.get(encoder, NO_FALLBACK)


def make_templates(vectors: F32, labels: I64, n_people: int) -> F32:
    """Average each person's embeddings.

    Args:
        vectors: (N, D) float32 of L2 norm 1.
        labels: (N,) int64, 0..K-1; each person has a face.
        n_people: K, may be 0.

    Returns:
        (K, D) float32 of L2 norm 1.

    Raises:
        ValueError: vectors or labels of another shape, a label out of range, a person
            without a face, or one whose embeddings cancel out.
    """
    sums = _sum_people(vectors, labels, n_people)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(
            f"expected embeddings that have a mean direction, got some of person "
            f"{lengths.argmin()} that cancel out; embed the photos again."
        )
    templates: F32 = (sums / lengths).astype(np.float32)
    return templates


def score_without_own(vectors: F32, labels: I64, n_people: int) -> tuple[F64, F64, I64]:
    """Compare each enrolled face with templates that know nothing of it.

    Args: see `make_templates`.

    Returns:
        genuine: (N,) float64, the cosine to the template of its own person made
            without this face; NaN for people with one face.
        impostor: (N,) float64, the greatest cosine to the template of another person,
            as if its own were not enrolled; NaN if there is no other.
        other: (N,) int64, who that is; -1 if there is no other.

    Raises:
        ValueError: see `make_templates`.
    """
    rest = _sum_people(vectors, labels, n_people)[labels] - vectors
    lengths = np.linalg.norm(rest, axis=1)
    counts = np.bincount(labels, minlength=n_people)[labels]
    genuine = np.full(len(vectors), np.nan)
    products = np.einsum("nd,nd->n", rest, vectors, dtype=np.float64)
    np.divide(products, lengths, out=genuine, where=(counts > 1) & (lengths > 0))
    impostor, other = np.full(len(vectors), np.nan), np.full(len(vectors), -1)
    if n_people > 1:
        templates = make_templates(vectors, labels, n_people)
        for rows, similarities in compare_in_blocks(vectors, templates):
            similarities[np.arange(len(similarities)), labels[rows]] = -np.inf
            other[rows] = similarities.argmax(axis=1)
            impostor[rows] = similarities.max(axis=1)
    return genuine, impostor, other


def score_strangers(cohort: F32, templates: F32) -> F64:
    """Give the greatest cosine of each of M strangers to any of K templates.

    Args:
        cohort: (M, D) float32 of L2 norm 1.
        templates: (K, D) float32 of L2 norm 1.

    Returns:
        (M,) float64, NaN without any template.
    """
    scores = np.full(len(cohort), np.nan)
    if len(templates):
        for rows, similarities in compare_in_blocks(cohort, templates):
            scores[rows] = similarities.max(axis=1)
    return scores


def choose_threshold(
    vectors: F32,
    labels: I64,
    n_people: int,
    cohort: F32,
    rate: float,
    *,
    fallback: float,
) -> OpenSetThreshold:
    """Choose the similarity threshold for naming a face.

    Of n impostors, the ceil((n + 1) (1 - rate))-th smallest of their greatest
    similarities to anybody: a further one scores more with a probability of at most
    `rate`. The greater of leave one out's and the cohort's counts: the first is too
    low with few photos per person, the second if its photos differ from those enrolled.

    Fewer impostors than the rate needs, 1 / rate - 1, give their greatest score, and
    `attainable_rate` says so. If leave one out has fewer, the threshold is `fallback`
    at least: when it was chosen, half as many strangers of LFW17 were accepted with it
    where 4 people were enrolled with 5 photos each.

    Args:
        vectors: see `make_templates`.
        labels: see `make_templates`.
        n_people: K, may be 0 or 1.
        cohort: (M, D) float32 of L2 norm 1, of people not enrolled; M may be 0.
        rate: false accept rate to aim at, between 0 and 1.
        fallback: min threshold unless leave one out has enough impostors, see
            `FALLBACKS`. Without any impostor it is the threshold, and
            `attainable_rate` is 1.

    Returns:
        The threshold, finite even for an empty gallery.

    Raises:
        ValueError: see `make_templates`; a rate out of range, or a cohort whose
            embeddings have another length.

    Source: Vovk et al. 2005, Algorithmic Learning in a Random World, section 2.2.
    """
    if not 0 < rate < 1:
        raise ValueError(
            f"rate: expected a fraction between 0 and 1, got {rate}; 0.01 is common."
        )
    genuine, loo, _ = score_without_own(vectors, labels, n_people)
    templates = make_templates(vectors, labels, n_people)
    if n_people and (cohort.ndim, cohort.shape[-1]) != (2, vectors.shape[1]):
        raise ValueError(
            f"cohort: expected embeddings (M, {vectors.shape[1]}), as those of the "
            f"people enrolled, got {cohort.shape}; embed both with one encoder."
        )
    strangers = score_strangers(cohort, templates)
    loo, strangers, genuine = (
        np.sort(scores[~np.isnan(scores)]) for scores in (loo, strangers, genuine)
    )
    values = [take_quantile(scores, rate) for scores in (loo, strangers)]
    if find_quantile_index(len(loo), rate) > len(loo):
        values.append(fallback)
    return OpenSetThreshold(
        value=max(values),
        rate=rate,
        attainable_rate=1 / (max(len(loo), len(strangers)) + 1),
        leave_one_out=loo,
        cohort=strangers,
        genuine=genuine,
    )


def rate_false_accepts(similarities: F64, threshold: OpenSetThreshold) -> F64:
    """Give the fraction of impostors that score at least as high.

    Args:
        similarities: (N,) float64, cosines.
        threshold: its impostors; of leave one out and cohort the larger fraction
            counts.

    Returns:
        (N,) float64, 0-1; NaN where there are no impostors, or no similarity.
    """
    sets = threshold.leave_one_out, threshold.cohort
    fractions: F64 = np.fmax(*(_fraction_from(similarities, one) for one in sets))
    return fractions


def trace_curve(threshold: OpenSetThreshold, n_points: int) -> Table:
    """Trade strangers accepted against enrolled people missed.

    Args:
        threshold: its value and scores.
        n_points: rows, at least 2.

    Returns:
        One row a `threshold`, evenly spaced over all scores and the value chosen:
        `leave_one_out_accepted` and `cohort_accepted`, the fractions of impostors that
        score at least as high; `genuine_missed`, the fraction of enrolled faces that
        score less. NaN where there are no scores.

    Raises:
        ValueError: fewer than 2 points.
    """
    if n_points < 2:  # noqa: PLR2004 (both ends)
        raise ValueError(f"n_points: expected at least 2, got {n_points}.")
    sets = threshold.leave_one_out, threshold.cohort, threshold.genuine
    scores = np.concatenate([[threshold.value], *sets])
    points = np.linspace(scores.min(), scores.max(), n_points)
    loo, cohort, genuine = (_fraction_from(points, one) for one in sets)
    columns = np.stack([points, loo, cohort, 1 - genuine], axis=1)
    return pd.DataFrame(columns, columns=list(CURVE_COLUMNS))


def compare_in_blocks(vectors: F32, templates: F32) -> Iterator[tuple[slice, F64]]:
    """Compare (N, D) faces with (K, D) templates, `BLOCK` faces at a time or fewer.

    Yields:
        The rows of n faces, and their (n, K) float64 cosines, `MAX_PAIRS` at most or
        those of one face.
    """
    size = max(1, min(BLOCK, MAX_PAIRS // max(1, len(templates))))
    for start in range(0, len(vectors), size):
        rows = slice(start, start + size)
        yield rows, (vectors[rows] @ templates.T).astype(np.float64)


def _sum_people(vectors: F32, labels: I64, n_people: int) -> F64:
    """Sum each person's vectors, after a check: (K, D) float64."""
    if vectors.ndim != 2 or labels.shape != vectors.shape[:1]:  # noqa: PLR2004 (N, D)
        raise ValueError(
            f"expected embeddings (N, D) and labels (N,), got {vectors.shape} and "
            f"{labels.shape}; pass the rows of one gallery."
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < n_people:
        raise ValueError(
            f"labels: expected 0..{n_people - 1} for {n_people} people, got "
            f"{labels.min()}..{labels.max()}; number the people again."
        )
    counts = np.bincount(labels, minlength=n_people)
    if not counts.all():
        raise ValueError(
            f"expected a face of each of {n_people} people, got none of person "
            f"{counts.argmin()}; leave people without a face out."
        )
    sums = np.zeros((n_people, vectors.shape[1]))
    np.add.at(sums, labels, vectors)
    return sums


def find_quantile_index(n: int, rate: float) -> int:
    """Give the place, from 1, of the conformal quantile; n + 1 if n is too small."""
    # Without rounding, 100 * (1 - 0.01) or the like may end just above an integer.
    return math.ceil(round((n + 1) * (1 - rate), 9))


def take_quantile(scores: F64, rate: float) -> float:
    """Take the conformal quantile of sorted scores, at most the last; -1 of none."""
    index = min(find_quantile_index(len(scores), rate), len(scores))
    return float(scores[index - 1]) if index else -1.0


def _fraction_from(values: F64, scores: F64) -> F64:
    """Give the fraction of sorted scores that are at least each value, or NaN."""
    if not len(scores):
        return np.full(len(values), np.nan)
    fractions = 1 - np.searchsorted(scores, values, side="left") / len(scores)
    return np.where(np.isnan(values), np.nan, fractions)

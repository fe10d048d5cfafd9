"""Score the predictions of folds: each image by a model that was not trained on it.

S seeds, N images, K people. Temperatures and weights of pools are cross-fitted, and a
choice between settings is made for each fold on the other folds. So no figure was used
to choose what it measures; only the temperatures of a pool's members, one number each,
were fitted on the images that the pool is scored on, too.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from benchmarks.fold_store import FoldResult
from benchmarks.table import render
from sklearn.metrics import log_loss

from lfw17_kedro.faces import calibration
from lfw17_kedro.faces.metrics import score_confidence
from lfw17_kedro.types import F64, I64

HEADER = (
    *("method", "settings", "correct, seed by seed", "mean", "std"),
    *("log loss", "calibrated log loss", "calibration error", "calibrated error"),
    "minutes per fit",
)


class Predictions(NamedTuple):
    """What one method with one settings predicted with one seed.

    Attributes:
        probabilities: (N, K) float64, in the order of the labels.
        labels: (N,) int64.
        folds: (N,) int64, the fold in which each image was predicted.
    """

    probabilities: F64
    labels: I64
    folds: I64


class Score(NamedTuple):
    """The scores of one seed; log losses in nats, calibration errors 0-1."""

    correct: int
    images: int
    log_loss: float
    calibrated_log_loss: float
    calibration_error: float
    calibrated_error: float


def join_folds(results: Sequence[FoldResult], labels: Mapping[str, int]) -> Predictions:
    """Join the folds of one seed.

    Args:
        results: one result per fold.
        labels: id -> label, of all images.

    Raises:
        ValueError: an image was predicted twice or not at all.
    """
    ids = [one for result in results for one in result.ids]
    if sorted(ids) != sorted(labels):
        raise ValueError(
            f"expected folds of {len(labels)} images, each once, got {len(ids)} "
            "predictions of other images; delete the folder of the results."
        )
    rows = np.argsort(np.argsort(list(labels)))
    order = np.argsort(ids)[rows]
    folds = np.repeat([one.key.fold for one in results], [len(r.ids) for r in results])
    return Predictions(
        np.concatenate([result.probabilities for result in results])[order],
        np.array(list(labels.values()), np.int64),
        folds[order],
    )


def score(one: Predictions) -> Score:
    """Score the predictions of one seed, as they are and calibrated."""
    weights = _cross_fit(one.probabilities[None], one)[:, 0]
    calibrated = calibration.scale_probabilities(one.probabilities, weights)
    correct = one.probabilities.argmax(axis=1) == one.labels
    before = score_confidence(one.probabilities, one.labels)
    after = score_confidence(calibrated, one.labels)
    return Score(
        int(correct.sum()),
        len(correct),
        log_loss=before["log_loss"],
        calibrated_log_loss=after["log_loss"],
        calibration_error=before["calibration_error"],
        calibrated_error=after["calibration_error"],
    )


def pool(members: Sequence[Predictions]) -> dict[str, Predictions]:
    """Pool the methods of one seed, calibrated: their mean, and log-linear."""
    first = members[0]
    stack = np.stack(
        [
            calibration.scale_probabilities(
                one.probabilities, _cross_fit(one.probabilities[None], one)[:, 0]
            )
            for one in members
        ]
    )
    weights = _cross_fit(stack, first)
    pooled = {
        "mean": stack.mean(axis=0),
        "log-linear": calibration.pool_probabilities(stack, weights),
    }
    return {k: first._replace(probabilities=one) for k, one in pooled.items()}


def average(members: Sequence[Predictions]) -> Predictions:
    """Average the probabilities that different settings gave with one seed."""
    stack = np.stack([one.probabilities for one in members])
    return members[0]._replace(probabilities=stack.mean(axis=0))


def choose(variants: Mapping[str, Predictions]) -> tuple[Predictions, dict[int, str]]:
    """Choose settings for each fold on the other folds of the seed.

    More correct predictions win, then the smaller log loss.

    Args:
        variants: name of the settings -> what they predicted with one seed.

    Returns:
        What the chosen settings predicted, and fold -> their name.
    """
    first = next(iter(variants.values()))
    chosen, names = first.probabilities.copy(), {}
    for fold in np.unique(first.folds):
        others = first.folds != fold

        def rank(name: str, others: I64 = others) -> tuple[int, float]:
            values, labels = variants[name].probabilities[others], first.labels[others]
            classes = np.arange(values.shape[1])
            loss = float(log_loss(labels, values, labels=classes))
            return int((values.argmax(axis=1) == labels).sum()), -loss

        names[int(fold)] = max(variants, key=rank)
        own = ~others
        chosen[own] = variants[names[int(fold)]].probabilities[own]
    return first._replace(probabilities=chosen), names


def write_row(
    method: str, settings: str, scores: Sequence[Score], seconds: Sequence[float]
) -> list[str]:
    """Write a row of the table, in the order of `HEADER`.

    Args:
        method: name of the method.
        settings: settings in words.
        scores: one score per seed.
        seconds: seconds of each fit that was not resumed.
    """
    accuracies = [one.correct / one.images for one in scores]
    spread = f"{np.std(accuracies, ddof=1):.4f}" if len(scores) > 1 else ""
    means = np.mean([one[2:] for one in scores], axis=0)
    return [
        method,
        settings,
        f"{', '.join(str(one.correct) for one in scores)} of {scores[0].images}",
        f"{np.mean(accuracies):.4f}",
        spread,
        *(f"{value:.4f}" for value in means),
        f"{np.mean(seconds) / 60:.1f}" if seconds else "",
    ]


def write_table(rows: Sequence[Sequence[str]]) -> str:
    """Write the table in Markdown."""
    return render([HEADER, *rows])


def _cross_fit(stack: F64, one: Predictions) -> F64:
    """Give the (N, M) weights of each image, fitted on the images of other folds."""
    weights = np.empty((stack.shape[1], len(stack)))
    for fold in np.unique(one.folds):
        others = one.folds != fold
        weights[~others] = calibration.fit_weights(stack[:, others], one.labels[others])
    return weights

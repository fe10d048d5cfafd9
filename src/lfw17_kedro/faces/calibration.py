"""Weights of probabilities: how much to trust one model, and each of several.

M models, N images, K people. A log-linear pool multiplies the models' probabilities,
each raised to its weight, and normalises them (Genest and Zidek 1986,
doi:10.1214/ss/1177013825). With one model that is temperature scaling: its weight is
one over the temperature (Guo et al. 2017, arXiv:1706.04599, section 4.2).

Weights are fitted on images that the models were not trained on. Where the models are
right on all of those, the log loss alone would ask for weights without end. So the loss
counts the truth of each image with (N + 1/2) / (N + 1) only, and any other person with
the rest (Krichevsky and Trofimov 1981, doi:10.1109/TIT.1981.1056331). Platt's sigmoid
is fitted to such targets too.

`CalibratedClassifierCV(method="temperature")` of scikit-learn is not used: its loss
counts the truth fully, and it scales one model, while a pool has a weight for each.
"""

from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from lfw17_kedro.types import F64, I64

GROUPS = 5  # of images; the weights of a group are fitted on the others
WEIGHT_RANGE = (1e-3, 1e3)
MIN_PROBABILITY = 1e-12  # in a pool: no model alone rules a person out


def pool_probabilities(probabilities: F64, weights: F64) -> F64:
    """Pool the probabilities of several models.

    Args:
        probabilities: (M, N, K) float64, each row sums to 1; below 1e-12 counts as
            1e-12.
        weights: (M,) float64, or (N, M) for weights of each image; above 0.

    Returns:
        (N, K) float64, each row sums to 1.
    """
    rows = np.broadcast_to(weights, (probabilities.shape[1], len(probabilities)))
    logs = np.log(np.maximum(probabilities, MIN_PROBABILITY))
    pooled: F64 = softmax(np.einsum("nm,mnk->nk", rows, logs), axis=1)
    return pooled


def scale_probabilities(probabilities: F64, weights: F64 | float) -> F64:
    """Sharpen probabilities (a weight above 1) or flatten them (below 1).

    The first of the greatest probabilities of a row stays so, and 0 stays 0.

    Args:
        probabilities: (N, K) float64, each row sums to 1.
        weights: one for all images, or (N,) float64; above 0.

    Returns:
        (N, K) float64, each row sums to 1.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(probabilities)
    scaled = softmax(np.reshape(weights, (-1, 1)) * logs, axis=1)
    # Rounding may make two almost equal probabilities equal: those rows stay.
    same = scaled.argmax(axis=1) == probabilities.argmax(axis=1)
    return np.where(same[:, None], scaled, probabilities)


def fit_weights(probabilities: F64, labels: I64) -> F64:
    """Fit the weights of a pool, or of one model.

    Args:
        probabilities: (M, N, K) float64, of images that the models were not trained on.
        labels: (N,) int64, 0..K-1.

    Returns:
        (M,) float64, 0.001-1000.

    Raises:
        ValueError: no images, or shapes that do not fit.
    """
    n_models, n_images = probabilities.shape[0], len(labels)
    if not n_images or probabilities.shape[1:-1] != (n_images,):
        raise ValueError(
            "expected probabilities (M, N, K) for N > 0 labels, got "
            f"{probabilities.shape} for {n_images} labels."
        )
    logs = np.log(np.maximum(probabilities, MIN_PROBABILITY))
    fitted: Any = minimize(
        _measure_loss,
        np.full(n_models, 1 / n_models),
        args=(logs, labels),
        jac=True,
        method="L-BFGS-B",
        bounds=[WEIGHT_RANGE] * n_models,
        options={"ftol": 1e-12, "gtol": 1e-9},
    )
    return np.asarray(fitted.x, np.float64)


def _measure_loss(weights: F64, logs: F64, labels: I64) -> tuple[float, F64]:
    """Give the mean loss of a pool, nats, and its gradient by the weights."""
    doubt = 0.5 / (len(labels) + 1)
    truth = np.arange(len(labels)), labels
    scores = np.tensordot(weights, logs, axes=1)  # (N, K)
    others = scores.copy()
    others[truth] = -np.inf
    total = logsumexp(scores, axis=1)
    loss = total - (1 - doubt) * scores[truth] - doubt * logsumexp(others, axis=1)
    target = doubt * softmax(others, axis=1)
    target[truth] = 1 - doubt
    errors = np.exp(scores - total[:, None]) - target
    return float(loss.mean()), np.tensordot(logs, errors, axes=2) / len(labels)


def assign_groups(ids: Any, among: Any) -> I64:
    """Assign images to groups for cross-fitting.

    Images that follow each other by their ids come into different groups, so each group
    has its part of each person.

    Args:
        ids: (n,) str, of the images.
        among: (N,) str, of all images that weights are fitted on, those of `ids` among
            them.

    Returns:
        (n,) int64, 0..GROUPS-1.
    """
    ordered = np.sort(np.asarray(among, np.str_))
    return np.searchsorted(ordered, np.asarray(ids, np.str_)) % GROUPS


def cross_fit_weights(probabilities: F64, labels: I64, groups: I64) -> F64:
    """Fit weights for each group of images on the images of the other groups.

    What is measured with them on the same images is not flattered.

    Args:
        probabilities: (M, N, K) float64.
        labels: (N,) int64, 0..K-1.
        groups: (N,) int64, of `assign_groups`.

    Returns:
        (GROUPS, M) float64.

    Raises:
        ValueError: all images are in one group.
    """
    return np.stack(
        [
            fit_weights(probabilities[:, groups != group], labels[groups != group])
            for group in range(GROUPS)
        ]
    )

"""Score class probabilities against the truth."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.metrics import (
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
)

from lfw17_kedro.types import F64, I64, Bools

CALIBRATION_BINS = 10  # of equal width from 0 to 1


def score_probabilities(
    probabilities: F64, labels: I64, class_names: list[str]
) -> dict[str, Any]:
    """Score class probabilities.

    Args:
        probabilities: (N, K) float64, each row sums to 1; the greatest is predicted.
        labels: (N,) int64, 0..K-1.
        class_names: the K names.

    Returns:
        `images`, `correct`, `accuracy`, `accuracy_95` (its 95 % Wilson interval),
        `macro_f1` (the mean over people with images), `weighted_f1`, what
        `score_confidence` gives, `per_person` (precision, recall, f1, images) and
        `confusion_matrix` ([truth][predicted], images).

    Raises:
        ValueError: no images, or shapes that do not fit.
    """
    if not len(labels) or probabilities.shape != (len(labels), len(class_names)):
        raise ValueError(
            f"expected probabilities (N, {len(class_names)}) for N > 0 labels, got "
            f"{probabilities.shape} for {len(labels)} labels."
        )
    classes = np.arange(len(class_names))
    predictions = probabilities.argmax(axis=1)
    correct = int(np.count_nonzero(predictions == labels))
    interval = binomtest(correct, len(labels)).proportion_ci(method="wilson")
    precisions, recalls, f1s, images = precision_recall_fscore_support(
        labels, predictions, labels=classes, zero_division=0
    )
    per_person = {
        person: {
            "precision": float(precisions[label]),
            "recall": float(recalls[label]),
            "f1": float(f1s[label]),
            "images": int(images[label]),
        }
        for label, person in enumerate(class_names)
    }
    return {
        "images": len(labels),
        "correct": correct,
        "accuracy": correct / len(labels),
        "accuracy_95": [float(interval.low), float(interval.high)],
        "macro_f1": float(np.mean(f1s[images > 0])),
        "weighted_f1": float(np.average(f1s, weights=images)),
        **score_confidence(probabilities, labels),
        "per_person": per_person,
        "confusion_matrix": confusion_matrix(
            labels, predictions, labels=classes
        ).tolist(),
    }


def score_confidence(probabilities: F64, labels: I64) -> dict[str, float]:
    """Score how far probabilities can be trusted.

    Args:
        probabilities: (N, K) float64, each row sums to 1.
        labels: (N,) int64, 0..K-1.

    Returns:
        `log_loss` (nats) and `calibration_error` (of `measure_calibration`).
    """
    classes = np.arange(probabilities.shape[1])
    correct = probabilities.argmax(axis=1) == labels
    return {
        "log_loss": float(log_loss(labels, probabilities, labels=classes)),
        "calibration_error": measure_calibration(probabilities.max(axis=1), correct),
    }


def bin_confidences(confidences: F64, correct: Bools) -> pd.DataFrame:
    """Put predictions into bins of like confidence.

    Args:
        confidences: (N,) float64, 0-1, the probability of each prediction.
        correct: (N,) bool, whether the prediction is correct.

    Returns:
        One row per bin that is not empty: `images`, mean `confidence`, `accuracy`.
    """
    bins = np.minimum(
        (confidences * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1
    )
    predictions = pd.DataFrame({"confidence": confidences, "correct": correct})
    return predictions.groupby(bins).agg(
        images=("correct", "size"),
        confidence=("confidence", "mean"),
        accuracy=("correct", "mean"),
    )


def measure_calibration(confidences: F64, correct: Bools) -> float:
    """Give the expected calibration error, 0-1.

    The gap between accuracy and mean confidence of each bin, averaged over the images.

    Args: see `bin_confidences`.

    Source: Guo et al. 2017, arXiv:1706.04599, section 2.
    """
    bins = bin_confidences(confidences, correct)
    gaps = (bins["accuracy"] - bins["confidence"]).abs()
    return float(np.average(gaps, weights=bins["images"]))

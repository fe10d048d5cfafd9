"""Name people by their embeddings: a linear SVM with calibrated probabilities."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import SVC, LinearSVC

from lfw17_kedro.types import F64, I64, Features

CALIBRATION_FOLDS = 5


@dataclass(frozen=True)
class FaceClassifier:
    """A fitted classifier of embeddings, and the encoder that it was fitted for.

    Attributes:
        svm: the calibrated SVM; its classes are the labels it was trained on.
        encoder: fingerprint of the encoder whose embeddings it was trained on.
        class_names: the K names; label k is `class_names[k]`.
        train_images: how many embeddings it was trained on.
    """

    svm: CalibratedClassifierCV
    encoder: str
    class_names: tuple[str, ...]
    train_images: int

    def predict_probabilities(self, features: Features) -> F64:
        """Give each person's probability for each face.

        Args:
            features: N of them, of the encoder the classifier was trained with.

        Returns:
            (N, K) float64, each row sums to 1; 0 for people who were too rare to be
            trained on.

        Raises:
            ValueError: the embeddings are another encoder's.
        """
        if features.fingerprint != self.encoder:
            raise ValueError(
                f"this SVM was trained on embeddings of {self.encoder}, got embeddings "
                f"of {features.fingerprint}: distances between the two mean nothing; "
                "train it again."
            )
        vectors = features.arrays["vectors"]
        probabilities = np.zeros((len(features), len(self.class_names)))
        probabilities[:, self.svm.classes_] = self.svm.predict_proba(vectors)
        return probabilities


def fit_classifier(
    features: Features,
    labels: I64,
    originals: I64,
    class_names: list[str],
    *,
    multi_class: str,
    C: float,  # noqa: N803 (scikit-learn's name)
    seed: int,
) -> FaceClassifier:
    """Fit a linear SVM and calibrate its probabilities.

    One SVM a person against all others, then Platt's sigmoid on its margins, fitted
    by cross-validation in which copies of one original stay together. The margins of
    scikit-learn's `SVC`, which counts votes between pairs of people, give far worse
    probabilities: on ORL, with 40 people, its sigmoids predict a fifth of the faces
    incorrectly. Temperature scaling gives probabilities near 1 to every prediction
    once the people are separable. The study
    used `SVC(kernel="linear", probability=True)`, which scikit-learn 1.9 deprecates in
    favour of `CalibratedClassifierCV`.

    Args:
        features: N embeddings, of one encoder.
        labels: (N,) int64, 0..K-1.
        originals: (N,) int64, the original image each row is or is a copy of.
        class_names: the K names.
        multi_class: "one_vs_rest", an SVM a person, or "one_vs_one", an SVM a pair of
            people (the study's).
        C: inverse of the regularisation strength, above 0.
        seed: of the calibration's folds and the solver.

    Returns:
        The classifier.

    Raises:
        ValueError: fewer than two people, or a person with a single original.
    """
    linear = (
        LinearSVC(C=C, random_state=seed)
        if multi_class == "one_vs_rest"
        else SVC(C=C, kernel="linear")
    )
    folds = list(_calibration_folds(labels, originals, class_names, seed))
    svm = CalibratedClassifierCV(linear, cv=folds, ensemble=False)
    svm.fit(features.arrays["vectors"], labels)
    return FaceClassifier(svm, features.fingerprint, tuple(class_names), len(features))


def _calibration_folds(
    labels: I64, originals: I64, class_names: list[str], seed: int
) -> Iterator[tuple[Any, Any]]:
    """Split rows, copies beside their original, as far as the rarest person allows."""
    first = np.unique(originals, return_index=True)[1]
    known, counts = np.unique(labels[first], return_counts=True)
    if len(known) < 2 or counts.min() < 2:  # noqa: PLR2004 (train and calibrate)
        rarest = class_names[known[counts.argmin()]] if len(known) else "nobody"
        raise ValueError(
            "expected at least two people with two original images each to train on, "
            f"got {len(known)} people, {counts.min() if len(known) else 0} of "
            f"{rarest}; add images, or raise min_nrof_images_per_class."
        )
    splitter = StratifiedGroupKFold(
        min(CALIBRATION_FOLDS, int(counts.min())), shuffle=True, random_state=seed
    )
    yield from splitter.split(labels, labels, originals)


def choose_train_rows(
    labels: I64, maximum: int | None, minimum: int, rng: np.random.Generator
) -> I64:
    """Choose the rows to train on, by the study's limits for each person.

    Args:
        labels: (N,) int64.
        maximum: rows of one person, chosen at random; None for all.
        minimum: people with fewer rows are left out.
        rng: source of all randomness.

    Returns:
        (n,) int64, sorted row numbers.

    Source: classifier.py of davidsandberg/facenet, nrof_train_images_per_class and
    min_nrof_images_per_class.
    """
    chosen = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) >= minimum:
            chosen.append(rng.permutation(rows)[:maximum])
    return np.sort(np.concatenate(chosen or [np.empty(0, np.int64)]))

"""Name people by their embeddings: a linear SVM with calibrated probabilities."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import SVC, LinearSVC

from lfw17_kedro.face_classifier import FaceClassifier, OneVsOne, OneVsRest
from lfw17_kedro.faces.requirements import MIN_IMAGES
from lfw17_kedro.types import F32, F64, I64, MIN_PEOPLE, Features

CALIBRATION_FOLDS = 5


def predict_probabilities(classifier: FaceClassifier, features: Features) -> F64:
    """Give each person's probability for each face, as scikit-learn would.

    Args:
        classifier: result of `fit_classifier`.
        features: N embeddings, of the encoder the classifier was trained with.

    Returns:
        (N, K) float64, each row sums to 1; 0 for people who were too rare to be
        trained on.

    Raises:
        ValueError: the embeddings are another encoder's, or of another length.

    Source: `CalibratedClassifierCV.predict_proba` of scikit-learn 1.9; Zadrozny and
    Elkan 2002, doi:10.1145/775047.775151.
    """
    if features.fingerprint != classifier.encoder:
        raise ValueError(
            f"this SVM was trained on embeddings of {classifier.encoder}, got "
            f"embeddings of {features.fingerprint}: distances between the two mean "
            "nothing; train it again."
        )
    vectors, svm = features.arrays["vectors"], classifier.svm
    wanted = (svm[0].shape[1],)
    if vectors.shape[1:] != wanted:
        raise ValueError(
            f"this SVM was trained on embeddings of shape (N, {wanted[0]}), got "
            f"{vectors.shape}; train it again."
        )
    if isinstance(svm, OneVsRest):
        margins = vectors @ svm.coefficients.T + svm.intercepts
    else:
        margins = _measure_pairs(svm, vectors)
    sigmoids = expit(-(classifier.slopes * margins + classifier.offsets))
    trained = _normalize(sigmoids)
    probabilities = np.zeros((len(features), len(classifier.class_names)))
    probabilities[:, classifier.labels] = trained
    return probabilities


def _measure_pairs(svm: OneVsOne, vectors: F32) -> F64:
    """Give the (N, M) margins of each person from the votes between pairs.

    A person's margin is the number of pairs that they win, and, so that ties are
    broken, a third at most from the sum of their margins in all pairs.

    Source: `SVC.decision_function` and `_ovr_decision_function` of scikit-learn 1.9.
    """
    kernel = vectors.astype(np.float64) @ svm.support_vectors.T  # (N, S)
    ends = np.cumsum(svm.support_counts)
    parts = [slice(e - n, e) for e, n in zip(ends, svm.support_counts, strict=True)]
    votes, sums = np.zeros((2, len(vectors), len(parts)))
    for pair, (i, j) in enumerate(combinations(range(len(parts)), 2)):
        margin = (
            kernel[:, parts[i]] @ svm.dual_coefficients[j - 1, parts[i]]
            + kernel[:, parts[j]] @ svm.dual_coefficients[i, parts[j]]
            + svm.intercepts[pair]
        )
        sums[:, i] += margin
        sums[:, j] -= margin
        votes[:, i] += margin >= 0
        votes[:, j] += margin < 0
    if len(parts) == MIN_PEOPLE:  # one margin tells two people apart
        return sums[:, :1]  # scikit-learn gives that of the second person
    margins: F64 = votes + sums / (3 * (np.abs(sums) + 1))
    return margins


def _normalize(sigmoids: F64) -> F64:
    """Turn (N, M) sigmoids into (N, L) probabilities; equal ones where all are 0."""
    if sigmoids.shape[1] == 1:
        return np.hstack([1 - sigmoids, sigmoids])
    total = sigmoids.sum(axis=1, keepdims=True)
    equal = np.full_like(sigmoids, 1 / sigmoids.shape[1])
    probabilities: F64 = np.divide(sigmoids, total, out=equal, where=total != 0)
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
) -> tuple[FaceClassifier, CalibratedClassifierCV]:
    """Fit a linear SVM and calibrate its probabilities.

    One SVM per person against all others, then Platt's sigmoid on its margins, fitted
    by cross-validation in which copies of one original stay together. The margins of
    scikit-learn's `SVC`, which counts votes between pairs of people, give far worse
    probabilities: on ORL, with 40 people, its sigmoids predict a fifth of the faces
    incorrectly. With few images per person these probabilities are too low, so the
    template scales them like those of any method; see `faces.calibration`. The study
    used `SVC(kernel="linear", probability=True)`, which scikit-learn 1.9 deprecates in
    favour of `CalibratedClassifierCV`.

    Args:
        features: N embeddings, of one encoder.
        labels: (N,) int64, 0..K-1.
        originals: (N,) int64, the original image each row is or is a copy of.
        class_names: the K names.
        multi_class: "one_vs_rest", an SVM per person, or "one_vs_one", an SVM per pair
            of people (the study's).
        C: inverse of the regularisation strength, above 0.
        seed: seed of the calibration's folds and the solver.

    Returns:
        The classifier as arrays, and scikit-learn's own object with which the study's
        programs work; both give the same probabilities.

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
    return _take_arrays(svm, features, class_names), svm


def _take_arrays(
    svm: CalibratedClassifierCV, features: Features, class_names: list[str]
) -> FaceClassifier:
    """Copy what a fitted scikit-learn object predicts with."""
    [calibrated] = svm.calibrated_classifiers_  # one, for ensemble=False
    linear, sigmoids = calibrated.estimator, calibrated.calibrators
    # Copies keep the order in memory, so that products are rounded alike.
    arrays: OneVsRest | OneVsOne
    if isinstance(linear, LinearSVC):
        arrays = OneVsRest(linear.coef_.copy("K"), linear.intercept_.copy())
    else:
        arrays = OneVsOne(
            linear.support_vectors_.copy(),
            linear.n_support_.astype(np.int64),
            linear.dual_coef_.copy(),
            linear.intercept_.copy(),
        )
    return FaceClassifier(
        svm=arrays,
        slopes=np.array([sigmoid.a_ for sigmoid in sigmoids], np.float64),
        offsets=np.array([sigmoid.b_ for sigmoid in sigmoids], np.float64),
        labels=svm.classes_.astype(np.int64),
        encoder=features.fingerprint,
        class_names=tuple(class_names),
        train_images=len(features),
    )


def _calibration_folds(
    labels: I64, originals: I64, class_names: list[str], seed: int
) -> Iterator[tuple[Any, Any]]:
    """Split rows, copies beside their original, as far as the rarest person allows."""
    first = np.unique(originals, return_index=True)[1]
    known, counts = np.unique(labels[first], return_counts=True)
    if len(known) < MIN_PEOPLE or counts.min() < MIN_IMAGES:  # train and calibrate
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
    labels: I64,
    originals: I64,
    maximum: int | None,
    minimum: int,
    rng: np.random.Generator,
) -> I64:
    """Choose the rows to train on, by the study's limits for each person.

    Args:
        labels: (N,) int64.
        originals: (N,) int64, the original image each row is or is a copy of.
        maximum: rows of one person, at least 2, chosen at random, two originals among
            them if the person has two; None for all.
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
            drawn = rng.permutation(rows)
            chosen.append(drawn[:maximum])
            # Calibration needs two originals, and all may be copies of one.
            others = drawn[originals[drawn] != originals[drawn[0]]]
            if len(others) and not np.isin(others, chosen[-1]).any():
                chosen[-1][-1] = others[0]
    return np.sort(np.concatenate(chosen or [np.empty(0, np.int64)]))

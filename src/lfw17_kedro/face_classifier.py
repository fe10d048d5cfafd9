"""A fitted SVM as arrays: nothing in it can be executed.

Axes: L people it was trained on, of K; M margins, L of them or 1 where L = 2; S support
vectors; D embedding dimensions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.types import F64, I64, MIN_PEOPLE


class OneVsRest(NamedTuple):
    """Linear SVMs, one per person against all others.

    Attributes:
        coefficients: (M, D) float64; for two people, of the second against the first.
        intercepts: (M,) float64.
    """

    coefficients: F64
    intercepts: F64


class OneVsOne(NamedTuple):
    """Linear SVMs, one per pair of people, as LIBSVM keeps them.

    Attributes:
        support_vectors: (S, D) float64, those of the first person first.
        support_counts: (L,) int64, how many of them are of each person.
        dual_coefficients: (L - 1, S) float64.
        intercepts: (L * (L - 1) / 2,) float64, of the pairs 0-1, 0-2, ..., 1-2, ....

    Source: Chang and Lin 2011, doi:10.1145/1961189.1961199; README of LIBSVM, sv_coef.
    """

    support_vectors: F64
    support_counts: I64
    dual_coefficients: F64
    intercepts: F64


@dataclass(frozen=True)
class FaceClassifier:
    """A fitted classifier of embeddings, and the encoder that it was fitted for.

    Attributes:
        svm: what gives the margins.
        slopes: (M,) float64, of the sigmoids that turn margins into probabilities.
        offsets: (M,) float64, of the same sigmoids.
        labels: (L,) int64, the labels it was trained on, ascending.
        encoder: fingerprint of the encoder whose embeddings it was trained on.
        class_names: the K names; label k is `class_names[k]`.
        train_images: how many embeddings it was trained on.
    """

    svm: OneVsRest | OneVsOne
    slopes: F64
    offsets: F64
    labels: I64
    encoder: str
    class_names: tuple[str, ...]
    train_images: int

    def __post_init__(self) -> None:
        """Check that the arrays belong together.

        Raises:
            ValueError: another dtype or shape, a number that is not finite, labels
                that are not ascending or have no name, or counts that do not add up.
        """
        n_labels = self.labels.size
        margins = n_labels if n_labels > MIN_PEOPLE else 1
        arrays: dict[str, tuple[NDArray[Any], tuple[int, ...]]] = {
            "labels": (self.labels, (n_labels,)),
            "slopes": (self.slopes, (margins,)),
            "offsets": (self.offsets, (margins,)),
        }
        if isinstance(self.svm, OneVsRest):
            columns = self.svm.coefficients.shape[1:2] or (0,)
            shapes: list[tuple[int, ...]] = [(margins, *columns), (margins,)]
        else:
            vectors = self.svm.support_vectors
            rows, columns = len(vectors), vectors.shape[1:2] or (0,)
            pairs = n_labels * (n_labels - 1) // 2
            shapes = [(rows, *columns), (n_labels,), (n_labels - 1, rows), (pairs,)]
        for (name, array), shape in zip(
            self.svm._asdict().items(), shapes, strict=True
        ):
            arrays[name] = array, shape
        _check_arrays(arrays)
        self._check_labels()

    def _check_labels(self) -> None:
        """Check labels and the counts of support vectors."""
        labels, names = self.labels, len(self.class_names)
        if not (labels[0] >= 0 and labels[-1] < names and (np.diff(labels) > 0).all()):
            raise ValueError(
                f"expected ascending labels 0-{names - 1} for {names} people, got "
                f"{labels.tolist()}."
            )
        if isinstance(self.svm, OneVsOne):
            counts, rows = self.svm.support_counts, len(self.svm.support_vectors)
            if counts.min() < 0 or sum(counts.tolist()) != rows:
                raise ValueError(
                    f"expected support_counts that add up to {rows} support vectors, "
                    f"got {counts.tolist()}."
                )


def _check_arrays(
    arrays: Mapping[str, tuple[NDArray[Any], tuple[int, ...]]],
) -> None:
    """Check dtypes, shapes and that all numbers are finite."""
    for name, (array, shape) in arrays.items():
        dtype = np.int64 if name in ("labels", "support_counts") else np.float64
        if array.dtype != dtype or array.shape != shape:
            raise ValueError(
                f"expected {name} {np.dtype(dtype)} {shape}, got {array.dtype} "
                f"{array.shape}."
            )
        if not np.isfinite(array).all():
            raise ValueError(f"expected finite {name}, got NaN or infinity.")
    if arrays["labels"][0].size < MIN_PEOPLE:
        raise ValueError("expected labels of at least two people, got fewer.")

"""A fitted SVM in one .npz file: arrays and a card, nothing that can be executed."""

import json
from typing import Any

import numpy as np
from kedro.io import DatasetError

from lfw17_kedro.datasets.numpy_dataset import read_arrays, write_arrays
from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.face_classifier import FaceClassifier, OneVsOne, OneVsRest
from lfw17_kedro.messages import describe_error

CARD = "card"
# What a file raises that holds something else.
ERRORS = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
KINDS: dict[str, type[OneVsRest | OneVsOne]] = {
    "one_vs_rest": OneVsRest,
    "one_vs_one": OneVsOne,
}
CALIBRATION = ("slopes", "offsets", "labels")


class ClassifierDataset(PathDataset[FaceClassifier, FaceClassifier]):
    """A `FaceClassifier` as a .npz file.

    The arrays have the names of its attributes. `card` is JSON: `multi_class`, a key of
    `KINDS`, and the attributes that are no arrays.

    Example:
        >>> dataset = ClassifierDataset(filepath=f"{tmp_path}/classifier.npz")
        >>> svm = OneVsRest(np.ones((1, 2)), np.zeros(1))
        >>> dataset.save(
        ...     FaceClassifier(
        ...         svm, -np.ones(1), np.zeros(1), np.arange(2), "e", ("Ann", "Bob"), 9
        ...     )
        ... )
        >>> dataset.load().class_names
        ('Ann', 'Bob')
    """

    def load(self) -> FaceClassifier:
        stored = read_arrays(self._filepath)
        try:
            return _read_classifier(stored)
        except ERRORS as error:
            raise DatasetError(
                f"expected a fitted SVM (arrays and a {CARD}) in {self._filepath}, got "
                f"something else: {describe_error(error, with_type=True)}; run the "
                "pipeline again, which fits it."
            ) from error

    def save(self, data: FaceClassifier) -> None:
        [multi_class] = [key for key in KINDS if isinstance(data.svm, KINDS[key])]
        card = {
            "multi_class": multi_class,
            "encoder": data.encoder,
            "class_names": list(data.class_names),
            "train_images": data.train_images,
        }
        arrays = {name: getattr(data, name) for name in CALIBRATION}
        arrays |= data.svm._asdict() | {CARD: np.array(json.dumps(card))}
        write_arrays(self._filepath, arrays)


def _read_classifier(stored: dict[str, Any]) -> FaceClassifier:
    """Put the arrays of a file together; another file raises any of several errors."""
    card = json.loads(str(stored[CARD].item()))
    kind = KINDS[card["multi_class"]]
    names = card["class_names"]
    checks = {
        "encoder": isinstance(card["encoder"], str),
        "class_names": isinstance(names, list)
        and all(isinstance(name, str) for name in names),
        "train_images": type(card["train_images"]) is int,
    }
    if false := [name for name, is_right in checks.items() if not is_right]:
        raise ValueError(f"the {CARD}'s {', '.join(false)} is of another type")
    return FaceClassifier(
        svm=kind(*(stored[field] for field in kind._fields)),
        encoder=card["encoder"],
        class_names=tuple(names),
        train_images=card["train_images"],
        **{name: stored[name] for name in CALIBRATION},
    )

"""Nodes of `evaluation`: class probabilities -> metrics and a Kaggle submission.

A table of class probabilities has the column `id` and one column for each person.
"""

from typing import Any

import pandas as pd

from lfw17_kedro.faces.metrics import PUBLISHED, is_lfw17, score_probabilities
from lfw17_kedro.types import UNKNOWN


def score_method(
    validation_probabilities: pd.DataFrame,
    test_probabilities: pd.DataFrame,
    metadata: dict[str, Any],
    train_table: pd.DataFrame,
    test_table: pd.DataFrame,
    class_names: list[str],
    method: str,
) -> dict[str, Any]:
    """Score one method on its validation and, where labels are known, test images.

    Args:
        validation_probabilities: of originals, by models not trained on them.
        test_probabilities: of all test images.
        metadata: what the method itself has to say; goes into the metrics.
        train_table: the training images, of `data_processing`.
        test_table: the test images, of `data_processing`.
        class_names: the K names.
        method: its name.

    Returns:
        `method`, `facts`, `validation` and `test` of `score_probabilities` (`test` is
        None where no label is known), `published` (the study's own score on the same
        test images, None for other data or where the study has none).

    Raises:
        ValueError: no probabilities, or some of an image that is not in its table.
    """
    labels = train_table.loc[train_table["copy"] == 0, "label"].to_numpy()
    on_lfw17 = is_lfw17(labels, len(test_table))
    known = test_table[test_table["label"] != UNKNOWN]
    return {
        "method": method,
        "metadata": metadata,
        "validation": _score(validation_probabilities, train_table, class_names),
        "test": _score(test_probabilities, known, class_names) if len(known) else None,
        "published": PUBLISHED.get(method) if on_lfw17 else None,
    }


def _score(
    probabilities: pd.DataFrame, table: pd.DataFrame, class_names: list[str]
) -> dict[str, Any]:
    """Join probabilities with the truth by id and score them."""
    _check_there(probabilities)
    truth = table.set_index("id")["label"].reindex(probabilities["id"])
    if truth.isna().any():
        stranger = truth.index[truth.isna()][0]
        raise ValueError(
            f"expected probabilities of images in the table, got {stranger!r}, which "
            "is not: they come from another run; run the whole pipeline again."
        )
    return score_probabilities(
        probabilities[class_names].to_numpy(), truth.to_numpy("int64"), class_names
    )


def make_submission(
    test_probabilities: pd.DataFrame, class_names: list[str]
) -> pd.DataFrame:
    """Write the answers as Kaggle wants them.

    Args:
        test_probabilities: of all M test images, in the competition's order.
        class_names: the K names.

    Returns:
        M rows `ImageId` (from 0) and `PredictedClass` (0..K-1).

    Raises:
        ValueError: no probabilities.
    """
    _check_there(test_probabilities)
    predictions = test_probabilities[class_names].to_numpy().argmax(axis=1)
    return pd.DataFrame(
        {"ImageId": range(len(predictions)), "PredictedClass": predictions}
    )


def _check_there(probabilities: pd.DataFrame | None) -> None:
    """Refuse what was never computed: these tables are optional in the catalog."""
    if probabilities is None:
        raise ValueError(
            "expected class probabilities, got none: the method has not named these "
            "images yet; run its whole pipeline."
        )

"""Join the methods' predictions with the truth, and refuse what does not fit.

A table of predictions has one row for each method, split and image: `method`, `split`
("validation" or "test"), `id`, `truth` and `predicted` (labels; the truth may be
`UNKNOWN`), `confidence` (probability of the predicted label), `correct` (False where
the truth is unknown), then `P(<name>)` for each of the K class names.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from lfw17_kedro.faces.split import select_validated
from lfw17_kedro.types import UNKNOWN

SPLITS = ("validation", "test")


class StaleResultsError(ValueError):
    """The results of a method were made from other data than the present ones."""


def name_probability(person: str) -> str:
    """Name the column of a person's probability."""
    return f"P({person})"


def list_truths(train_table: pd.DataFrame, test_table: pd.DataFrame) -> pd.DataFrame:
    """List the images every method must have predicted.

    Args:
        train_table: of `data_processing`; its validated originals count.
        test_table: of `data_processing`.

    Returns:
        One row per image: `split`, `id`, `truth`.
    """
    parts = [
        table[["id", "label"]].assign(split=split)
        for split, table in zip(
            SPLITS, (select_validated(train_table), test_table), strict=True
        )
    ]
    truths = pd.concat(parts, ignore_index=True)
    return truths.rename(columns={"label": "truth"})[["split", "id", "truth"]]


def join_predictions(
    method: str,
    results: Mapping[str, Any],
    truths: pd.DataFrame,
    class_names: list[str],
) -> pd.DataFrame:
    """Join one method's probabilities with the truth.

    Args:
        method: its name.
        results: its `metrics`, `validation_probabilities`, `test_probabilities`.
        truths: of `list_truths`.
        class_names: the K names.

    Returns:
        The method's table of predictions.

    Raises:
        StaleResultsError: other people or other images, or other metrics.
    """
    joined = []
    if "calibration" not in results["metrics"]:
        raise StaleResultsError("its metrics were written by an older version")
    for split in SPLITS:
        table = results[f"{split}_probabilities"]
        wanted = truths[truths["split"] == split]
        if list(table.columns) != ["id", *class_names]:
            raise StaleResultsError("its people are not those of the present data")
        if set(table["id"]) != set(wanted["id"]) or len(table) != len(wanted):
            raise StaleResultsError(
                f"its {len(table)} {split} images are not the present {len(wanted)}"
            )
        values = (
            table.set_index("id").loc[wanted["id"], class_names].to_numpy(np.float64)
        )
        predictions = wanted.reset_index(drop=True)
        predictions.insert(0, "method", method)
        predictions["predicted"] = values.argmax(axis=1)
        predictions["confidence"] = values.max(axis=1)
        predictions["correct"] = predictions["predicted"] == predictions["truth"]
        columns = [name_probability(person) for person in class_names]
        predictions = predictions.join(pd.DataFrame(values, columns=columns))
        _check_scores(predictions, results["metrics"][split], len(class_names), split)
        joined.append(predictions)
    return pd.concat(joined, ignore_index=True)


def _check_scores(
    predictions: pd.DataFrame, scores: dict[str, Any] | None, n_classes: int, split: str
) -> None:
    """Refuse metrics that were not computed from these predictions and truths."""
    known = predictions[predictions["truth"] != UNKNOWN]
    stale = StaleResultsError(f"its metrics are not those of its {split} predictions")
    if scores is None or not len(known):
        if scores is not None or len(known):
            raise stale
        return
    matrix = confusion_matrix(
        known["truth"], known["predicted"], labels=np.arange(n_classes)
    )
    if matrix.tolist() != scores["confusion_matrix"]:
        raise stale

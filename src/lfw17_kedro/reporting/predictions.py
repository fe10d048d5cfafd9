"""Join what the methods predicted with the truth, and refuse what does not fit.

A table of predictions has one row for each method, split and image: `method`, `split`
("validation" or "test"), `id`, `truth` and `predicted` (labels; the truth may be
`UNKNOWN`), `confidence` (probability of the prediction), `correct` (False where the
truth is unknown), then `P(<person>)` for each of the K class_names.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from lfw17_kedro.faces.split import TRAIN_ONLY
from lfw17_kedro.types import UNKNOWN

SPLITS = ("validation", "test")
READS_RAW_FACES = "data_processing.validate_raw_faces"  # the node that reads them


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
        One row an image: `split`, `id`, `truth`.
    """
    validated = (train_table["fold"] != TRAIN_ONLY) & (train_table["copy"] == 0)
    parts = [
        table[["id", "label"]].assign(split=split)
        for split, table in zip(
            SPLITS, (train_table[validated], test_table), strict=True
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
    for split in SPLITS:
        table, wanted = (
            results[f"{split}_probabilities"],
            truths[truths["split"] == split],
        )
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
    if "calibration_error" not in scores:
        raise StaleResultsError("its metrics were written by an older version")


def check_raw_faces(method: str, run_record: dict[str, Any] | None) -> None:
    """Refuse a method that read other raw faces than `data_processing` read last.

    Args:
        method: its name.
        run_record: of the hook `RunRecordHooks`; None or unknown nodes pass.

    Raises:
        StaleResultsError: the hashes of the raw faces differ.
    """
    present = _find_hash(run_record, READS_RAW_FACES)
    used = _find_hash(run_record, f"{method}.score_method")
    if present and used and present != used:
        raise StaleResultsError("its raw faces are not the present ones")


def _find_hash(run_record: dict[str, Any] | None, node: str) -> str | None:
    """Find the hash of the raw faces in the run that last ran a node."""
    if not run_record or node not in run_record["nodes"]:
        return None
    run = run_record["runs"][run_record["nodes"][node]["run"]]
    digest: str | None = run["data"].get("raw_faces")
    return digest

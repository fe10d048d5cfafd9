"""Compare methods: one table of scores, and paired tests between them."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pandas as pd
from scipy.stats import binomtest

from lfw17_kedro.lineage.run_record import Record, get_namespace
from lfw17_kedro.types import UNKNOWN, Bools

SCORES = (
    "images",
    "correct",
    "accuracy",
    "macro_f1",
    "weighted_f1",
    "log_loss",
    "calibration_error",
)
STAGES = {"training": "train", "prediction": "predict"}  # the tag of a stage's nodes


def tabulate_scores(
    metrics: Mapping[str, dict[str, Any]], record: Record
) -> pd.DataFrame:
    """Put the scores of all methods into one table.

    Args:
        metrics: method -> its metrics, of `score_method`.
        record: see `lfw17_kedro.lineage.run_record`.

    Returns:
        A row for each method and split with known labels: `method`, `split`, the
        `SCORES`, `accuracy_low` and `accuracy_high` (95 % interval), `published` (the
        study's number of correct predictions on these test images, whichever the
        split), `training_seconds`, `prediction_seconds`, NaN where not known.
    """
    rows = []
    for method, scored in metrics.items():
        seconds = add_seconds(method, record)
        published = scored["published"] or {}
        for split in ("validation", "test"):
            if (scores := scored[split]) is None:
                continue
            low, high = scores["accuracy_95"]
            rows.append(
                {"method": method, "split": split}
                | {name: scores[name] for name in SCORES}
                | {
                    "accuracy_low": low,
                    "accuracy_high": high,
                    "published": published.get("correct"),
                    "training_seconds": seconds["training"],
                    "prediction_seconds": seconds["prediction"],
                }
            )
    return pd.DataFrame(rows).astype({"published": "float64"})


def add_seconds(method: str, record: Record) -> dict[str, float | None]:
    """Add up the seconds of a method's nodes by their tags.

    Args:
        method: its name, which is the namespace of its nodes.
        record: see `lfw17_kedro.lineage.run_record`.

    Returns:
        `training`, of the nodes with the tag `train`, and `prediction`, of those with
        the tag `predict`: seconds in the nodes, loading and saving excluded; None where
        no such node is recorded.
    """
    sums: dict[str, float | None] = dict.fromkeys(STAGES)
    for name, node in record["nodes"].items():
        if get_namespace(name) != method:
            continue
        for stage, tag in STAGES.items():
            if tag in node["tags"]:
                sums[stage] = (sums[stage] or 0.0) + node["seconds"]
    return sums


def tabulate_classes(
    metrics: Mapping[str, dict[str, Any]],
) -> pd.DataFrame:
    """Give the scores of each person: `method`, `split`, `person`, precision, ...."""
    return pd.DataFrame(
        [
            {"method": method, "split": split, "person": person} | scores
            for method, scored in metrics.items()
            for split in ("validation", "test")
            if scored[split] is not None
            for person, scores in scored[split]["per_person"].items()
        ]
    )


def tabulate_temperatures(metrics: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """Tell what calibration changed.

    Args:
        metrics: method -> its metrics, of `score_method`.

    Returns:
        A row for each method and split with known labels: `method`, `split`,
        `temperature`, `fitted_on` and `images` of the fit, and `log_loss` and
        `calibration_error` with `_before` and `_after`.
    """
    rows = []
    for method, scored in metrics.items():
        fitted = dict(scored["calibration"])
        before = fitted.pop("before")
        for split in ("validation", "test"):
            if (after := scored[split]) is None:
                continue
            row = {"method": method, "split": split} | fitted
            for name in ("log_loss", "calibration_error"):
                row[f"{name}_before"] = before[split][name]
                row[f"{name}_after"] = after[name]
            rows.append(row)
    return pd.DataFrame(rows)


def compare_pair(first: Bools, second: Bools) -> dict[str, float]:
    """Test whether two methods are correct equally often, by McNemar's exact test.

    Only images for which exactly one of the two is correct tell them apart. If both
    methods were equally good, each would be that one with probability 1/2.

    Args:
        first: (N,) bool, where the first method is correct.
        second: (N,) bool, for the same images.

    Returns:
        `both_correct`, `first_only`, `second_only`, `both_incorrect` (images) and
        `p_value`, two-sided, 1 where they never differ.

    Source: McNemar 1947, doi:10.1007/BF02295996.
    """
    first_only = int((first & ~second).sum())
    second_only = int((second & ~first).sum())
    differing = first_only + second_only
    return {
        "both_correct": int((first & second).sum()),
        "first_only": first_only,
        "second_only": second_only,
        "both_incorrect": int((~first & ~second).sum()),
        "p_value": float(binomtest(first_only, differing).pvalue) if differing else 1.0,
    }


def compare_pairs(predictions: pd.DataFrame) -> pd.DataFrame:
    """Test every two methods against each other, on each split with known labels.

    Args:
        predictions: a table of predictions; see `predictions`.

    Returns:
        One row per split and pair: `split`, `first`, `second` and what `compare_pair`
        gives.
    """
    known = predictions[predictions["truth"] != UNKNOWN]
    rows = []
    for split, of_split in known.groupby("split", sort=False):
        correct = of_split.pivot(index="id", columns="method", values="correct")
        for first, second in combinations(of_split["method"].unique(), 2):
            pair = {"split": split, "first": first, "second": second}
            rows.append(
                pair
                | compare_pair(correct[first].to_numpy(), correct[second].to_numpy())
            )
    columns = ["split", "first", "second", "both_correct", "first_only", "second_only"]
    return pd.DataFrame(rows, columns=[*columns, "both_incorrect", "p_value"])

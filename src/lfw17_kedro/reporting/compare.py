"""Compare methods: one table of scores, and paired tests between them."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pandas as pd
from scipy.stats import binomtest

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


def tabulate_scores(
    metrics: Mapping[str, dict[str, Any]], run_record: dict[str, Any] | None
) -> pd.DataFrame:
    """Put the scores of all methods into one table.

    Args:
        metrics: method -> its metrics, of `evaluation`.
        run_record: of the hook `RunRecordHooks`, or None.

    Returns:
        A row for each method and side with known labels: `method`, `side`, the
        `SCORES`, `accuracy_low` and `accuracy_high` (95 % interval), `published` (the
        study's number of right answers on these test images, whichever the side),
        `training_seconds`, `prediction_seconds`, NaN where not known.
    """
    rows = []
    for method, scored in metrics.items():
        seconds = add_seconds(method, run_record)
        published = scored["published"] or {}
        for side in ("validation", "test"):
            if (scores := scored[side]) is None:
                continue
            low, high = scores["accuracy_95"]
            rows.append(
                {"method": method, "side": side}
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


def add_seconds(
    method: str, run_record: dict[str, Any] | None
) -> dict[str, float | None]:
    """Add up the seconds of a method's nodes, None where a record is missing.

    A node with `test` in its name predicts; one that validates, scores, collects or
    tidies up is not counted; all others train.

    Returns:
        `training` and `prediction`, seconds in the nodes, loading and saving excluded.
    """
    sums: dict[str, float | None] = {"training": None, "prediction": None}
    for name, node in (run_record or {"nodes": {}})["nodes"].items():
        namespace, _, action = name.partition(".")
        others = ("validate", "cross_validate", "score", "collect", "forget", "make_")
        if namespace != method or action.startswith(others):
            continue
        stage = "prediction" if "test" in action.split("_") else "training"
        sums[stage] = (sums[stage] or 0.0) + node["seconds"]
    return sums


def tabulate_classes(
    metrics: Mapping[str, dict[str, Any]],
) -> pd.DataFrame:
    """Give the scores of each person: `method`, `side`, `person`, precision, ...."""
    return pd.DataFrame(
        [
            {"method": method, "side": side, "person": person} | scores
            for method, scored in metrics.items()
            for side in ("validation", "test")
            if scored[side] is not None
            for person, scores in scored[side]["per_person"].items()
        ]
    )


def compare_pair(first: Bools, second: Bools) -> dict[str, float]:
    """Test whether two methods are right equally often, by McNemar's exact test.

    Only images that exactly one of the two names rightly tell them apart; were the
    methods equally good, each would win such an image with probability 1/2.

    Args:
        first: (N,) bool, where the first method is right.
        second: (N,) bool, for the same images.

    Returns:
        `both_right`, `first_only`, `second_only`, `both_wrong` (images) and `p_value`,
        two-sided, 1 where they never differ.

    Source: McNemar 1947, doi:10.1007/BF02295996.
    """
    first_only = int((first & ~second).sum())
    second_only = int((second & ~first).sum())
    differing = first_only + second_only
    return {
        "both_right": int((first & second).sum()),
        "first_only": first_only,
        "second_only": second_only,
        "both_wrong": int((~first & ~second).sum()),
        "p_value": float(binomtest(first_only, differing).pvalue) if differing else 1.0,
    }


def compare_pairs(predictions: pd.DataFrame) -> pd.DataFrame:
    """Test every two methods against each other, on each side with known labels.

    Args:
        predictions: a table of predictions; see `predictions`.

    Returns:
        One row a side and pair: `side`, `first`, `second` and those of `compare_pair`.
    """
    known = predictions[predictions["truth"] != UNKNOWN]
    rows = []
    for side, of_side in known.groupby("side", sort=False):
        right = of_side.pivot(index="id", columns="method", values="right")
        for first, second in combinations(of_side["method"].unique(), 2):
            pair = {"side": side, "first": first, "second": second}
            rows.append(
                pair | compare_pair(right[first].to_numpy(), right[second].to_numpy())
            )
    columns = ["side", "first", "second", "both_right", "first_only", "second_only"]
    return pd.DataFrame(rows, columns=[*columns, "both_wrong", "p_value"])

"""The node that makes probabilities mean what they say: a temperature per method."""

from typing import Any

import numpy as np

from lfw17_kedro.faces.ids import check_ids
from lfw17_kedro.faces.split import select_originals, select_validated
from lfw17_kedro.pipelines.modelling.probabilities import (
    check_columns,
    ids_of,
    tabulate,
)
from lfw17_kedro.types import F64, Table


def calibrate_probabilities(
    validation: Table,
    out_of_fold: Table,
    test: Table,
    train_table: Table,
    class_names: list[str],
) -> tuple[dict[str, Any], Table, Table, Table]:
    """Scale probabilities by a temperature; no prediction changes.

    The temperature is fitted on images that the models were not trained on: all
    training images where the method was cross-validated, else the validation images.
    Never on test images. Those that it was fitted on are scaled by cross-fitting: each
    by a temperature fitted on others, so that their scores are not flattered.

    Args:
        validation: probabilities of `validate_model`.
        out_of_fold: of `cross_validate_model`; may be empty.
        test: of `predict_images`.
        train_table: of `data_processing`.
        class_names: the K names.

    Returns:
        `temperature`, `fitted_on` (validation or out_of_fold) and `images` (as many);
        then the three tables, scaled.

    Raises:
        ValueError: the probabilities are of other images or people.
    """
    from lfw17_kedro.faces import calibration

    originals = select_originals(train_table)
    validated = select_validated(train_table)
    check_ids(ids_of(validation), validated, "validation probabilities")
    check_columns(validation, class_names, "validation probabilities")
    check_columns(out_of_fold, class_names, "out-of-fold probabilities")
    check_columns(test, class_names, "test probabilities")
    fitted_on, source = "validation", validation
    if len(out_of_fold):
        check_ids(ids_of(out_of_fold), originals, "out-of-fold probabilities")
        fitted_on, source = "out_of_fold", out_of_fold
    source = source.sort_values("id")  # however its rows came
    labels = originals.set_index("id")["label"].loc[source["id"]].to_numpy(np.int64)
    fitted = _read(source, class_names)[None]
    groups = calibration.assign_groups(source["id"], source["id"])
    group_weights = calibration.cross_fit_weights(fitted, labels, groups)[:, 0]
    [weight] = calibration.fit_weights(fitted, labels)

    def scale(table: Table, weights: F64 | float) -> Table:
        values = calibration.scale_probabilities(_read(table, class_names), weights)
        return tabulate(table["id"].to_numpy(np.str_), values, class_names)

    def cross_scale(table: Table) -> Table:
        own = calibration.assign_groups(table["id"], source["id"])
        return scale(table, group_weights[own])

    found = {
        "temperature": float(1 / weight),
        "fitted_on": fitted_on,
        "images": len(source),
    }
    return found, cross_scale(validation), cross_scale(out_of_fold), scale(test, weight)


def _read(probabilities: Table, class_names: list[str]) -> F64:
    """Give the (N, K) probabilities of a table."""
    return probabilities[class_names].to_numpy(np.float64)

"""Nodes that turn tables of probabilities into metrics and a submission."""

from typing import Any

from lfw17_kedro.faces.ids import check_ids
from lfw17_kedro.faces.split import select_originals, select_validated
from lfw17_kedro.pipelines.modelling.probabilities import check_columns, ids_of
from lfw17_kedro.types import F64, I64, UNKNOWN, Table


def score_method(
    validation_probabilities: Table,
    test_probabilities: Table,
    uncalibrated_validation_probabilities: Table,
    uncalibrated_test_probabilities: Table,
    calibration: dict[str, Any],
    metadata: dict[str, Any],
    train_table: Table,
    test_table: Table,
    class_names: list[str],
    cross_validation: dict[str, Any] | None = None,
    feature_metadata: dict[str, Any] | None = None,
    *,
    name: str,
) -> dict[str, Any]:
    """Score one method on its validation and, where labels are known, test images.

    Args:
        validation_probabilities: of `calibrate_probabilities`.
        test_probabilities: of `calibrate_probabilities`.
        uncalibrated_validation_probabilities: those before calibration.
        uncalibrated_test_probabilities: those before calibration.
        calibration: of `calibrate_probabilities`.
        metadata: of `fit_model`.
        train_table: of `data_processing`.
        test_table: of `data_processing`.
        class_names: the K names.
        cross_validation: of `cross_validate_model`.
        feature_metadata: what the metrics say of the features.
        name: of the method.

    Returns:
        `method`, `metadata`, `cross_validation`, `validation` and `test` of
        `score_probabilities` (`test` is None where no label is known), `calibration`
        (that of `calibrate_probabilities`, and for each split `log_loss`,
        `calibration_error` and `bins` of `bin_confidences` `before` it), `published`
        (the study's own score on the same test images, None for other data or where
        the study has none).

    Raises:
        ValueError: the probabilities are not of these images, each once, or of other
            people.
    """
    from lfw17_kedro.faces.metrics import score_probabilities
    from lfw17_kedro.pipelines.modelling.published import PUBLISHED, is_lfw17

    originals = select_originals(train_table)
    validated = select_validated(train_table)
    known = test_table[test_table["label"] != UNKNOWN]
    splits = {
        "validation": (
            validation_probabilities,
            uncalibrated_validation_probabilities,
            validated,
            validated,
        ),
        "test": (
            test_probabilities,
            uncalibrated_test_probabilities,
            test_table,
            known,
        ),
    }
    scores: dict[str, Any] = dict.fromkeys(splits)
    before: dict[str, Any] = dict.fromkeys(splits)
    for split, (probabilities, uncalibrated, images, labelled) in splits.items():
        for one in (probabilities, uncalibrated):
            check_ids(ids_of(one), images, f"{split} probabilities")
            check_columns(one, class_names, f"{split} probabilities")
        if len(labelled):
            labels = labelled["label"].to_numpy("int64")
            after, raw = (
                one.set_index("id").loc[labelled["id"], class_names].to_numpy()
                for one in (probabilities, uncalibrated)
            )
            scores[split] = score_probabilities(after, labels, class_names)
            before[split] = _score_calibration(raw, labels)
    on_lfw17 = is_lfw17(originals["label"].to_numpy(), len(test_table))
    return {
        "method": name,
        "metadata": (feature_metadata or {}) | metadata,
        "cross_validation": cross_validation or None,
        **scores,
        "calibration": calibration | {"before": before},
        "published": PUBLISHED.get(name) if on_lfw17 else None,
    }


def _score_calibration(probabilities: F64, labels: I64) -> dict[str, Any]:
    """Give log loss, calibration error and bins of (N, K) probabilities."""
    from lfw17_kedro.faces.metrics import bin_confidences, score_confidence

    correct = probabilities.argmax(axis=1) == labels
    bins = bin_confidences(probabilities.max(axis=1), correct)
    return {
        **score_confidence(probabilities, labels),
        "bins": bins.to_dict("records"),
    }


def make_submission(
    test_probabilities: Table, test_table: Table, class_names: list[str]
) -> Table:
    """Make the table that Kaggle expects.

    Args:
        test_probabilities: of `calibrate_probabilities`.
        test_table: of `data_processing`; an id is the number of the test image.
        class_names: the K names.

    Returns:
        M rows `ImageId` (the number in the id, ascending) and `PredictedClass`
        (0..K-1).

    Raises:
        ValueError: the probabilities are not of the test images, each once, or of
            other people.
    """
    import pandas as pd

    check_ids(ids_of(test_probabilities), test_table, "test probabilities")
    check_columns(test_probabilities, class_names, "test probabilities")
    labels = test_probabilities[class_names].to_numpy().argmax(axis=1)
    submission = pd.DataFrame(
        {"ImageId": test_probabilities["id"].astype(int), "PredictedClass": labels}
    )
    return submission.sort_values("ImageId", ignore_index=True)

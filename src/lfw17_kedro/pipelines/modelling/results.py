"""Nodes that turn tables of probabilities into metrics and a submission."""

from typing import Any

from lfw17_kedro.faces.ids import check_ids
from lfw17_kedro.faces.split import TRAIN_ONLY
from lfw17_kedro.pipelines.modelling.probabilities import check_columns, ids_of
from lfw17_kedro.types import UNKNOWN, Table


def score_method(
    validation_probabilities: Table,
    test_probabilities: Table,
    metadata: dict[str, Any],
    cross_validation: dict[str, Any],
    train_table: Table,
    test_table: Table,
    class_names: list[str],
    feature_metadata: dict[str, Any] | None = None,
    *,
    name: str,
) -> dict[str, Any]:
    """Score one method on its validation and, where labels are known, test images.

    Args:
        validation_probabilities: of `validate_model`.
        test_probabilities: of `predict_images`.
        metadata: of `fit_model`.
        cross_validation: of `cross_validate_model`.
        train_table: of `data_processing`.
        test_table: of `data_processing`.
        class_names: the K names.
        feature_metadata: what the metrics say of the features.
        name: of the method.

    Returns:
        `method`, `metadata`, `cross_validation`, `validation` and `test` of
        `score_probabilities` (`test` is None where no label is known), `published`
        (the study's own score on the same test images, None for other data or where
        the study has none).

    Raises:
        ValueError: the probabilities are not of these images, each once, or of other
            people.
    """
    from lfw17_kedro.faces.metrics import score_probabilities
    from lfw17_kedro.pipelines.modelling.published import PUBLISHED, is_lfw17

    originals = train_table[train_table["copy"] == 0]
    validated = originals[originals["fold"] != TRAIN_ONLY]
    check_ids(ids_of(test_probabilities), test_table, "test probabilities")
    known = test_table[test_table["label"] != UNKNOWN]

    def score(probabilities: Table, table: Table) -> dict[str, Any]:
        values, labels = probabilities.set_index("id"), table["label"].to_numpy("int64")
        rows = values.loc[table["id"], class_names].to_numpy()
        return score_probabilities(rows, labels, class_names)

    check_ids(ids_of(validation_probabilities), validated, "validation probabilities")
    check_columns(validation_probabilities, class_names, "validation probabilities")
    check_columns(test_probabilities, class_names, "test probabilities")
    on_lfw17 = is_lfw17(originals["label"].to_numpy(), len(test_table))
    return {
        "method": name,
        "metadata": (feature_metadata or {}) | metadata,
        "cross_validation": cross_validation or None,
        "validation": score(validation_probabilities, validated),
        "test": score(test_probabilities, known) if len(known) else None,
        "published": PUBLISHED.get(name) if on_lfw17 else None,
    }


def make_submission(
    test_probabilities: Table, test_table: Table, class_names: list[str]
) -> Table:
    """Make the table that Kaggle expects.

    Args:
        test_probabilities: of `predict_images`.
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

"""Nodes of the template: features of any method -> predictions, metrics, submission.

A table of probabilities has the column `id` and one column for each class name.
"""

from pathlib import Path
from typing import Any

from lfw17_kedro.faces.ids import check_ids
from lfw17_kedro.faces.split import TRAIN_ONLY, assign_folds, iterate_folds
from lfw17_kedro.pipelines.modelling.method import Method
from lfw17_kedro.pipelines.modelling.probabilities import (
    check_columns,
    ids_of,
    tabulate,
)
from lfw17_kedro.types import I64, UNKNOWN, Features, Table


def validate_model(
    features: Features,
    table: Table,
    class_names: list[str],
    settings: Any,
    seed: int,
    checkpoint: Path | None = None,
    *,
    method: Method,
    **resources: Any,
) -> Any:
    """Predict every validation image with a model that was not trained on it.

    Args:
        features: of the N training images.
        table: describes them, of `data_processing`; its folds are the split.
        class_names: the K names.
        settings: the method's parameters.
        seed: of all randomness.
        checkpoint: folder from which interrupted training resumes.
        method: the method.
        resources: the datasets of `Method.resources`.

    Returns:
        Probabilities of the validated originals; for a resumable method also the
        training history, with the column `fold`.

    Raises:
        ValueError: features and table describe different images.
    """
    import pandas as pd

    check_ids(features and features.ids, table, "features", in_order=True)
    predictions, histories = [], []
    for fold, train, validated in iterate_folds(table):
        validation = features.take(validated), _rows(table, validated)
        fitted = method.fit(
            features.take(train),
            _rows(table, train),
            class_names,
            settings,
            seed,
            final=False,
            checkpoint=checkpoint and checkpoint / f"fold_{fold}",
            validation=validation,
            **resources,
        )
        probabilities = method.predict(fitted.model, validation[0])
        predictions.append(tabulate(validation[0].ids, probabilities, class_names))
        if fitted.history is not None:
            histories.append(fitted.history.assign(fold=fold))
    predicted = pd.concat(predictions, ignore_index=True)
    if not method.resumable:
        return predicted
    return predicted, pd.concat(histories, ignore_index=True)


def cross_validate_model(
    features: Features,
    table: Table,
    class_names: list[str],
    settings: Any,
    seed: int,
    checkpoint: Path | None = None,
    *,
    method: Method,
    **resources: Any,
) -> dict[str, Any]:
    """Cross-validate on all training images, whatever the split of the table.

    Args: see `validate_model`; the number of folds is
        `settings.cross_validation_folds`, None for no cross-validation.

    Returns:
        `folds`, the `accuracies` on the originals of each fold and their
        `mean_accuracy`; empty without cross-validation.
    """
    n_folds = settings.cross_validation_folds
    if n_folds is None:
        return {}
    originals = table[table["copy"] == 0].sort_values("original")
    folds = assign_folds(originals["label"].to_numpy(), n_folds, seed)
    assigned = table.assign(fold=folds[table["original"]])
    predicted = validate_model(
        features,
        assigned,
        class_names,
        settings,
        seed,
        checkpoint,
        method=method,
        **resources,
    )
    probabilities = (predicted[0] if method.resumable else predicted).set_index("id")
    truth = assigned.set_index("id").loc[probabilities.index]
    labels = probabilities[class_names].to_numpy().argmax(axis=1)
    accuracies = (truth["label"] == labels).groupby(truth["fold"]).mean()
    return {
        "folds": n_folds,
        "accuracies": accuracies.tolist(),
        "mean_accuracy": float(accuracies.mean()),
    }


def fit_model(
    features: Features,
    table: Table,
    class_names: list[str],
    settings: Any,
    seed: int,
    checkpoint: Path | None = None,
    *,
    method: Method,
    **resources: Any,
) -> Any:
    """Fit the final model on all training images.

    Args: see `validate_model`.

    Returns:
        The metadata of the model and the model; for a resumable method also the
        training history; then the datasets of `Method.exports`.

    Raises:
        ValueError: features and table describe different images.
    """
    check_ids(features and features.ids, table, "features", in_order=True)
    fitted = method.fit(
        features,
        table,
        class_names,
        settings,
        seed,
        final=True,
        checkpoint=checkpoint and checkpoint / "final",
        validation=None,
        **resources,
    )
    history = (fitted.history,) if method.resumable else ()
    exports = (fitted.exports[name] for name in method.exports)
    return fitted.metadata, fitted.model, *history, *exports


def predict_images(
    model: Any,
    features: Features,
    table: Table,
    class_names: list[str],
    *,
    method: Method,
) -> Table:
    """Give the probability of each class for each test image.

    Args:
        model: of `fit_model`.
        features: of the M test images.
        table: describes them.
        class_names: the K names.
        method: the method.

    Raises:
        ValueError: features and table describe different images.
    """
    check_ids(features and features.ids, table, "features", in_order=True)
    return tabulate(features.ids, method.predict(model, features), class_names)


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
    method: Method,
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
        method: the method.

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
        "method": method.name,
        "metadata": (feature_metadata or {}) | metadata,
        "cross_validation": cross_validation or None,
        "validation": score(validation_probabilities, validated),
        "test": score(test_probabilities, known) if len(known) else None,
        "published": PUBLISHED.get(method.name) if on_lfw17 else None,
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


def _rows(table: Table, rows: I64) -> Table:
    """Select some rows and renumber them from 0."""
    return table.iloc[rows].reset_index(drop=True)

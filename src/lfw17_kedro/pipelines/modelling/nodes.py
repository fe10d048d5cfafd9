"""Nodes of the template: features of any method -> models and predictions.

A table of probabilities has the column `id` and one column for each class name.
"""

from pathlib import Path
from typing import Any

import numpy as np

from lfw17_kedro.faces.ids import check_ids
from lfw17_kedro.faces.split import assign_folds, iterate_folds, select_originals
from lfw17_kedro.pipelines.modelling.method import Method
from lfw17_kedro.pipelines.modelling.probabilities import tabulate
from lfw17_kedro.types import F64, I64, Features, Table


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
) -> Table | tuple[Table, Table]:
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
    predicted, histories = _predict_folds(
        features,
        table,
        class_names,
        settings,
        seed,
        checkpoint,
        method=method,
        monitor=True,
        **resources,
    )
    if not method.resumable:
        return predicted
    import pandas as pd

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
) -> tuple[dict[str, Any], Table]:
    """Cross-validate on all training images, whatever the split of the table.

    Args: see `validate_model`; the number of folds is
        `settings.cross_validation_folds`, None for no cross-validation.

    Returns:
        `folds`, the `accuracies` on the originals of each fold and their
        `mean_accuracy`; and the probabilities of all originals, each by a model that
        was not trained on it. Both are empty without cross-validation.
    """
    n_folds = settings.cross_validation_folds
    if n_folds is None:
        nobody: F64 = np.zeros((0, len(class_names)))
        return {}, tabulate(np.empty(0, np.str_), nobody, class_names)
    assigned = assign_cross_validation(table, n_folds, seed)
    probabilities, _ = _predict_folds(
        features,
        assigned,
        class_names,
        settings,
        seed,
        checkpoint,
        method=method,
        monitor=False,
        **resources,
    )
    truth = assigned.set_index("id").loc[probabilities["id"]]
    labels = probabilities[class_names].to_numpy().argmax(axis=1)
    accuracies = (truth["label"] == labels).groupby(truth["fold"]).mean()
    scores = {
        "folds": n_folds,
        "accuracies": accuracies.tolist(),
        "mean_accuracy": float(accuracies.mean()),
    }
    return scores, probabilities


def assign_cross_validation(table: Table, n_folds: int, seed: int) -> Table:
    """Give each training image its fold of cross-validation.

    Args:
        table: of `data_processing`.
        n_folds: at least 2.
        seed: of the shuffle.

    Returns:
        The table with another column `fold`.

    Raises:
        ValueError: a person with fewer originals than folds.
    """
    originals = select_originals(table).sort_values("original")
    folds = assign_folds(originals["label"].to_numpy(), n_folds, seed)
    return table.assign(fold=folds[table["original"]])


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
) -> tuple[Any, ...]:
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


def _predict_folds(
    features: Features,
    table: Table,
    class_names: list[str],
    settings: Any,
    seed: int,
    checkpoint: Path | None,
    *,
    method: Method,
    monitor: bool,
    **resources: Any,
) -> tuple[Table, list[Table]]:
    """Predict each fold's originals with a model fitted on the other folds.

    Args: see `validate_model`; with `monitor` the histories score the validated
        originals after each epoch.

    Returns:
        The probabilities of the validated originals, and the training history of each
        fold, with the column `fold`; none where the method has no history.
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
            validation=validation if monitor else None,
            **resources,
        )
        probabilities = method.predict(fitted.model, validation[0])
        predictions.append(tabulate(validation[0].ids, probabilities, class_names))
        if fitted.history is not None:
            histories.append(fitted.history.assign(fold=fold))
    return pd.concat(predictions, ignore_index=True), histories


def _rows(table: Table, rows: I64) -> Table:
    """Select some rows and renumber them from 0."""
    return table.iloc[rows].reset_index(drop=True)

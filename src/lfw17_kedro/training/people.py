"""Name people with a trained network: checks, predictions, validation by folds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lfw17_kedro.faces.split import iterate_folds
from lfw17_kedro.types import I64, Network

PREDICT_BATCH = 256  # images; bounds memory, nothing else

Validation = tuple[NDArray[Any], I64]
"""Images and labels to score after each epoch."""

Train = Callable[[pd.Index, Path, Validation | None], tuple[Network, pd.DataFrame]]
"""Maps rows to train on, a folder for state and validation to model and history."""


def predict_probabilities(
    model: Network, images: NDArray[Any], table: pd.DataFrame, class_names: list[str]
) -> pd.DataFrame:
    """Give each person's probability for each image.

    Args:
        model: maps images to (N, K) probabilities.
        images: (N, H, W, C), as the model takes them.
        table: with the column `id`, row i describes image i.
        class_names: the K names.

    Returns:
        One row an image: `id`, then a column for each person.
    """
    probabilities = model.predict(images, PREDICT_BATCH, verbose=0).astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # float32 is off by 1e-7
    predictions = pd.DataFrame(probabilities, columns=class_names)
    predictions.insert(0, "id", table["id"].to_numpy())
    return predictions


def validate_by_folds(
    train: Train,
    images: NDArray[Any],
    table: pd.DataFrame,
    class_names: list[str],
    state: Path,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every validation image the probabilities of a model that never saw it.

    Args:
        train: trains on some rows.
        images: (N, H, W, C), row i described by the table's row i.
        table: with `id`, `label`, `copy` and `fold`.
        class_names: the K names.
        state: folder for what a killed run needs to go on.

    Returns:
        One row a validated original, of `predict_probabilities`; and the training
        histories with their `fold`.
    """
    labels = table["label"].to_numpy()
    predictions, histories = [], []
    for fold, rows, validated in iterate_folds(table):
        validation = images[validated], labels[validated]
        model, history = train(rows, state / f"fold_{fold}", validation)
        predictions.append(
            predict_probabilities(
                model, validation[0], table.loc[validated], class_names
            )
        )
        histories.append(history.assign(fold=fold))
    return (
        pd.concat(predictions, ignore_index=True),
        pd.concat(histories, ignore_index=True),
    )


def check_train_labels(labels: I64, class_names: list[str], batch_size: int) -> None:
    """Refuse training data that cannot be worked with.

    Args:
        labels: (N,) int64, of the images to train on.
        class_names: the K names.
        batch_size: of the training.

    Raises:
        ValueError: fewer images than a batch, or a person without an image.
    """
    if len(labels) < batch_size:
        raise ValueError(
            f"batch_size: expected at most the {len(labels)} training images, got "
            f"{batch_size}."
        )
    if absent := sorted(set(range(len(class_names))) - set(labels.tolist())):
        raise ValueError(
            "expected training images of every person on the training side of a fold, "
            f"got none of {[class_names[label] for label in absent]}; add images of "
            "them or choose another split."
        )


def ensemble_networks(networks: list[Network], test_time_flip: bool) -> Network:
    """Join networks into one that averages their probabilities.

    Args:
        networks: each maps (N, H, W, C) images to (N, K) logits.
        test_time_flip: average over each image and its mirror image.

    Returns:
        Maps (N, H, W, C) images to (N, K) float32 probabilities.
    """
    import keras
    from keras import layers

    images = keras.Input(networks[0].input_shape[1:])
    views = [images]
    if test_time_flip:
        views.append(keras.ops.flip(images, axis=2))
    probabilities = [
        layers.Softmax(dtype="float32")(network(view))
        for network in networks
        for view in views
    ]
    if len(probabilities) == 1:
        return keras.Model(images, probabilities[0])
    return keras.Model(images, layers.Average(dtype="float32")(probabilities))

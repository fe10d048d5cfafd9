"""Nodes of `scratch_cnn`: grey images -> networks trained from nothing."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lfw17_kedro.pipelines.scratch_cnn.architectures import ARCHITECTURES
from lfw17_kedro.training import people as naming
from lfw17_kedro.training.fit import train_classifier
from lfw17_kedro.training.optimizers import make_optimizer
from lfw17_kedro.training.precision import choose_policy, use_policy
from lfw17_kedro.types import F32, I64, Network


def choose_settings(
    architecture: str, settings: dict[str, Any], precision: str
) -> dict[str, Any]:
    """Give the settings of one architecture, complete and checked.

    Args:
        architecture: one of `ARCHITECTURES`.
        settings: those of every architecture, by name.
        precision: "auto", "float32" or "bfloat16".

    Returns:
        The architecture's settings with its `architecture` and the Keras `policy`.

    Raises:
        ValueError: unknown architecture or precision, or no training at all.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(
            f"scratch_cnn.architecture: expected one of {sorted(ARCHITECTURES)}, got "
            f"{architecture!r}."
        )
    chosen: dict[str, Any] = settings[architecture]
    for name in ("networks", "batch_size", "steps" if chosen["steps"] else "epochs"):
        if not chosen[name] or chosen[name] < 1:
            raise ValueError(
                f"scratch_cnn.{architecture}.{name}: expected at least 1, got "
                f"{chosen[name]}."
            )
    return chosen | {
        "architecture": architecture,
        "policy": choose_policy(precision),
    }


def validate_cnn(
    images: F32,
    table: pd.DataFrame,
    class_names: list[str],
    settings: dict[str, Any],
    seed: int,
    state: Path,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every validation image the probabilities of networks that never saw it.

    Args:
        images: (N, H, W) float32, 0-255, row i described by the table's row i.
        table: the training images, of `data_processing`.
        class_names: the K names.
        settings: of `choose_settings`.
        seed: of all chance.
        state: folder for what a killed run needs to go on.

    Returns:
        One row a validated original, `id` and a column for each person; and the
        training history: `fold`, `network`, `epoch`, `loss`, `accuracy`, `val_loss`,
        `val_accuracy`.
    """
    train = partial(_train, images, table, class_names, settings, seed)
    return naming.validate_by_folds(train, images[..., None], table, class_names, state)


def train_cnn(
    images: F32,
    table: pd.DataFrame,
    class_names: list[str],
    settings: dict[str, Any],
    seed: int,
    state: Path,
) -> tuple[Network, pd.DataFrame]:
    """Train the final networks on all training images.

    Args: see `validate_cnn`.

    Returns:
        One model, (N, H, W, 1) float32 images, 0-255, to (N, K) probabilities; and the
        training history: `network`, `epoch`, `loss`, `accuracy`.
    """
    train = partial(_train, images, table, class_names, settings, seed)
    return train(table.index, state / "final", None)


def predict_probabilities(
    model: Network, images: F32, table: pd.DataFrame, class_names: list[str]
) -> pd.DataFrame:
    """Give each person's probability for each (N, H, W) image."""
    return naming.predict_probabilities(model, images[..., None], table, class_names)


def collect_metadata(
    settings: dict[str, Any], table: pd.DataFrame, history: pd.DataFrame
) -> dict[str, Any]:
    """Collect what the metrics should say of this method beside its scores."""
    return {
        "architecture": settings["architecture"],
        "networks": settings["networks"],
        "precision": settings["policy"],
        "epochs": int(history["epoch"].max()) + 1,
        "train_images": len(_keep_originals(table, table.index, settings)),
    }


def _keep_originals(
    table: pd.DataFrame, rows: pd.Index, settings: dict[str, Any]
) -> pd.Index:
    """Leave the offline copies out unless the settings want them."""
    return rows if settings["use_copies"] else rows[table.loc[rows, "copy"] == 0]


def _train(
    images: F32,
    table: pd.DataFrame,
    class_names: list[str],
    settings: dict[str, Any],
    seed: int,
    rows: pd.Index,
    state: Path,
    validation: naming.Validation | None,
) -> tuple[Network, pd.DataFrame]:
    """Train as many networks as the settings want and average them."""
    chosen = _keep_originals(table, rows, settings)
    labels = table["label"].to_numpy()[chosen]
    naming.check_train_labels(labels, class_names, settings["batch_size"])
    seen = images[chosen][..., None]
    networks, histories = [], []
    for turn in range(settings["networks"]):
        network, history = _train_network(
            seen,
            labels,
            len(class_names),
            settings,
            int(np.random.SeedSequence([seed, turn]).generate_state(1)[0]),
            state / f"network_{turn}",
            validation,
        )
        networks.append(network)
        histories.append(history.assign(network=turn))
    model = naming.ensemble_networks(networks, settings["test_time_flip"])
    return model, pd.concat(histories, ignore_index=True)


def _train_network(
    images: F32,
    labels: I64,
    n_classes: int,
    settings: dict[str, Any],
    seed: int,
    state: Path,
    validation: naming.Validation | None,
) -> tuple[Network, pd.DataFrame]:
    """Train one network on (N, H, W, 1) images."""
    import keras

    steps_per_epoch = len(images) // settings["batch_size"]
    epochs = settings["epochs"]
    if settings["steps"]:
        epochs = math.ceil(settings["steps"] / steps_per_epoch)
    # Keras draws first weights and dropout from its global generators.
    keras.utils.set_random_seed(seed)
    with use_policy(settings["policy"]):
        network = ARCHITECTURES[settings["architecture"]](
            *images.shape[1:3], n_classes, **settings["network"]
        )
    history = train_classifier(
        network,
        make_optimizer(**settings["optimizer"], steps=epochs * steps_per_epoch),
        images,
        labels,
        n_classes,
        epochs=epochs,
        batch_size=settings["batch_size"],
        augmentation=settings["augmentation"],
        label_smoothing=settings["label_smoothing"],
        seed=seed,
        state=state,
        fingerprint=settings["optimizer"],
        title=f"{state.parent.name} {state.name}",
        validation=validation,
    )
    return network, history

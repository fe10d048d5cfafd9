"""Nodes of `scratch_cnn`: grey images -> networks trained from nothing."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd

from lfw17_kedro.faces.split import iterate_folds
from lfw17_kedro.pipelines.scratch_cnn.architectures import (
    ARCHITECTURES,
    average_networks,
)
from lfw17_kedro.training.batches import make_batches
from lfw17_kedro.training.fit import fit_network
from lfw17_kedro.training.optimizers import make_optimizer
from lfw17_kedro.training.precision import choose_policy, use_policy
from lfw17_kedro.types import F32, I64

if TYPE_CHECKING:
    import keras

PREDICT_BATCH = 256  # images; bounds memory, nothing else


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
        ValueError: unknown architecture, optimizer or precision, or no training at all.
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
    people: list[str],
    settings: dict[str, Any],
    seed: int,
    state: Path,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every validation image the probabilities of networks that never saw it.

    Args:
        images: (N, H, W) float32, 0-255, row i described by the table's row i.
        table: the training images, of `data_processing`.
        people: the K names.
        settings: of `choose_settings`.
        seed: of all chance.
        state: folder for what a killed run needs to go on.

    Returns:
        One row a validated original, `id` and a column for each person; and the
        training history: `fold`, `network`, `epoch`, `loss`, `accuracy`, `val_loss`,
        `val_accuracy`.
    """
    labels = table["label"].to_numpy()
    answers, histories = [], []
    for fold, train, validation in iterate_folds(table):
        rows = _keep_originals(table, train, settings)
        model, history = _train(
            images[rows],
            labels[rows],
            people,
            settings,
            seed,
            state / f"fold_{fold}",
            (images[validation], labels[validation]),
        )
        answers.append(
            predict_people(model, images[validation], table.loc[validation], people)
        )
        histories.append(history.assign(fold=fold))
    return pd.concat(answers, ignore_index=True), pd.concat(
        histories, ignore_index=True
    )


def train_cnn(
    images: F32,
    table: pd.DataFrame,
    people: list[str],
    settings: dict[str, Any],
    seed: int,
    state: Path,
) -> "tuple[keras.Model, pd.DataFrame]":
    """Train the final networks on all training images.

    Args: see `validate_cnn`.

    Returns:
        One model, (N, H, W, 1) float32 images, 0-255, to (N, K) probabilities; and the
        training history: `network`, `epoch`, `loss`, `accuracy`.
    """
    rows = _keep_originals(table, table.index, settings)
    labels = table["label"].to_numpy()
    return _train(images[rows], labels[rows], people, settings, seed, state / "final")


def predict_people(
    model: "keras.Model", images: F32, table: pd.DataFrame, people: list[str]
) -> pd.DataFrame:
    """Give each person's probability for each image.

    Args:
        model: of `train_cnn`.
        images: (N, H, W) float32, 0-255.
        table: with the column `id`, row i describes image i.
        people: the K names.

    Returns:
        One row an image: `id`, then a column for each person.
    """
    probabilities = model.predict(images[..., None], PREDICT_BATCH, verbose=0)
    probabilities = probabilities.astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # float32 is off by 1e-7
    answers = pd.DataFrame(probabilities, columns=people)
    answers.insert(0, "id", table["id"].to_numpy())
    return answers


def collect_facts(
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
    labels: I64,
    people: list[str],
    settings: dict[str, Any],
    seed: int,
    state: Path,
    validation: tuple[F32, I64] | None = None,
) -> "tuple[keras.Model, pd.DataFrame]":
    """Train as many networks as the settings want and average them."""
    _check_data(labels, people, settings)
    networks, histories = [], []
    for turn in range(settings["networks"]):
        network, history = _train_network(
            images[..., None],
            labels,
            len(people),
            settings,
            int(np.random.SeedSequence([seed, turn]).generate_state(1)[0]),
            state / f"network_{turn}",
            validation,
        )
        networks.append(network)
        histories.append(history.assign(network=turn))
    model = average_networks(networks, settings["average_flips"])
    return model, pd.concat(histories, ignore_index=True)


def _train_network(
    images: F32,
    labels: I64,
    n_classes: int,
    settings: dict[str, Any],
    seed: int,
    state: Path,
    validation: tuple[F32, I64] | None,
) -> "tuple[keras.Model, pd.DataFrame]":
    """Train one network on (N, H, W, 1) images."""
    import keras

    batch_size = settings["batch_size"]
    steps_per_epoch = len(images) // batch_size
    epochs = settings["epochs"]
    if settings["steps"]:
        epochs = math.ceil(settings["steps"] / steps_per_epoch)

    # Keras draws first weights and dropout from its global generators.
    keras.utils.set_random_seed(seed)
    with use_policy(settings["policy"]):
        network = ARCHITECTURES[settings["architecture"]](
            *images.shape[1:3], n_classes, **settings["network"]
        )
    network.compile(
        make_optimizer(**settings["optimizer"], steps=epochs * steps_per_epoch),
        keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings["label_smoothing"]
        ),
        metrics=["accuracy"],
        jit_compile=False,  # XLA makes these networks slower on CPUs
    )

    def stream(first_step: int) -> Any:
        return make_batches(
            images,
            labels,
            n_classes,
            batch_size=batch_size,
            augmentation=settings["augmentation"],
            seed=seed,
            first_step=first_step,
        )

    targets = np.eye(n_classes, dtype=np.float32)
    history = fit_network(
        network,
        stream,
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        state=state,
        identity=joblib.hash((network.to_json(), images, labels, settings, seed)),
        title=f"{state.parent.name} {state.name}",
        validation=validation and (validation[0][..., None], targets[validation[1]]),
    )
    return network, history


def _check_data(labels: I64, people: list[str], settings: dict[str, Any]) -> None:
    """Refuse training data that the settings cannot work with."""
    if len(labels) < settings["batch_size"]:
        raise ValueError(
            f"scratch_cnn.{settings['architecture']}.batch_size: expected at most the "
            f"{len(labels)} training images, got {settings['batch_size']}."
        )
    if absent := sorted(set(range(len(people))) - set(labels.tolist())):
        raise ValueError(
            "expected training images of every person on the training side of a fold, "
            f"got none of {[people[label] for label in absent]}; add images of them or "
            "choose another split."
        )

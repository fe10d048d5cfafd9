"""Fit a Keras network so that a killed run resumes after its last epoch."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.lineage.code_version import hash_code
from lfw17_kedro.lineage.digest import hash_data
from lfw17_kedro.training.batches import count_steps, make_batches
from lfw17_kedro.training.checkpoint import (
    list_variables,
    lock_checkpoint,
    name_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from lfw17_kedro.training.checkpoint_file import Checkpoint, History
from lfw17_kedro.training.fast_layers import copy_for_training
from lfw17_kedro.types import I64, Table

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def train_classifier(
    network: "keras.Model",
    optimizer: "keras.optimizers.Optimizer",
    images: NDArray[Any],
    labels: I64,
    n_classes: int,
    *,
    epochs: int,
    batch_size: int,
    augmentation: dict[str, float] | None,
    label_smoothing: float,
    seed: int,
    checkpoint: Path,
    fingerprint: object,
    validation: tuple[NDArray[Any], I64] | None = None,
) -> Table:
    """Train a network to tell people apart, resumably; see `fit_network`.

    Args:
        network: maps images to (N, K) logits; gets the trained weights.
        optimizer: not used before.
        images: (N, ...) what the network takes.
        labels: (N,) int64, 0..K-1.
        n_classes: K.
        epochs: how many.
        batch_size: images in a batch, at most N.
        augmentation: of `make_batches`.
        label_smoothing: fraction of the target spread over all classes, 0-1.
        seed: of the batches.
        checkpoint: folder from which interrupted training resumes.
        fingerprint: all else on which the result depends, such as the hash of the code
            that makes network and optimizer; anything that `hash_data` takes.
        validation: images and labels to score after each epoch.

    Returns:
        The history.

    Raises:
        ValueError: fewer images than a batch; else as `fit_network`.
    """
    training_model = compile_training_model(network, optimizer, label_smoothing)

    def stream(first_step: int) -> "tf.data.Dataset":
        return make_batches(
            images,
            labels,
            n_classes,
            batch_size=batch_size,
            augmentation=augmentation,
            seed=seed,
            first_step=first_step,
        )

    settings = (epochs, batch_size, augmentation, label_smoothing, seed)
    code = hash_code(__name__)  # of this module and of the batches
    targets = np.eye(n_classes, dtype=np.float32)
    history = fit_network(
        training_model,
        stream,
        epochs=epochs,
        steps_per_epoch=count_steps(len(images), batch_size),
        checkpoint=checkpoint,
        fingerprint=hash_data(
            (_describe(network), images, labels, settings, code, fingerprint)
        ),
        validation=validation and (validation[0], targets[validation[1]]),
    )
    network.set_weights(training_model.get_weights())
    return history


def compile_training_model(
    network: "keras.Model",
    optimizer: "keras.optimizers.Optimizer",
    label_smoothing: float,
) -> "keras.Model":
    """Copy a network into one ready to learn to tell people apart.

    Args: see `train_classifier`.

    Returns:
        A compiled copy with the same weights in the same order.
    """
    import keras

    training_model = copy_for_training(network)
    training_model.compile(
        optimizer,
        keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=label_smoothing
        ),
        # An object and not its name, and moments that exist: TensorFlow traces a step
        # twice, seconds each, if its first call makes variables.
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
        jit_compile=False,  # XLA makes these networks slower on CPUs
    )
    optimizer.build(training_model.trainable_variables)
    return training_model


def fit_network(
    network: "keras.Model",
    stream: "Callable[[int], tf.data.Dataset]",
    *,
    epochs: int,
    steps_per_epoch: int,
    checkpoint: Path,
    fingerprint: str,
    validation: "tuple[Any, Any] | None" = None,
) -> Table:
    """Train a compiled network, with a checkpoint on disk after every epoch.

    If a checkpoint with the same fingerprint exists, training resumes from it: the
    network, its optimizer, its random numbers and its batches continue as if training
    had never stopped. The checkpoint stays when training has ended, so that a run
    killed later need not train again; the caller deletes it.

    Args:
        network: compiled and built.
        stream: maps the number of batches seen to an endless dataset.
        epochs: how many.
        steps_per_epoch: batches in each.
        checkpoint: folder from which interrupted training resumes.
        fingerprint: differs where networks, data, settings or code do.
        validation: images and targets to score after each epoch.

    Returns:
        One row per epoch: `epoch` (from 0), `loss`, `accuracy` and, with `validation`,
        `val_loss`, `val_accuracy`.

    Raises:
        ValueError: the loss is no longer a number.
        OSError: the checkpoint cannot be read or written; says what to do.
        LockedError: another training uses the checkpoint; says which.
    """
    lock = lock_checkpoint(checkpoint)
    lock.acquire(shlex.join(sys.argv))
    try:
        history = _fit(
            network,
            stream,
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            checkpoint=checkpoint,
            fingerprint=fingerprint,
            validation=validation,
        )
    finally:
        lock.release()
    return history


def _fit(
    network: "keras.Model",
    stream: "Callable[[int], tf.data.Dataset]",
    *,
    epochs: int,
    steps_per_epoch: int,
    checkpoint: Path,
    fingerprint: str,
    validation: "tuple[Any, Any] | None",
) -> Table:
    """Train with a checkpoint that is locked; see `fit_network`."""
    import keras
    import pandas as pd
    from tqdm.keras import TqdmCallback

    variables = list_variables(network)
    history = _resume(variables, checkpoint, fingerprint, epochs)
    done, name = len(history), name_checkpoint(checkpoint)

    def end_epoch(epoch: int, logs: dict[str, float]) -> None:
        history.append({key: float(logs[key]) for key in sorted(logs)})
        if not np.isfinite(history[-1]["loss"]):
            raise ValueError(
                f"{name}: the loss is no longer a number after {epoch + 1} epochs; "
                "choose a smaller learning_rate or precision float32."
            )
        arrays = [np.asarray(variable) for variable in variables]
        write_checkpoint(checkpoint, Checkpoint(fingerprint, history, arrays))

    if done < epochs:
        network.fit(
            stream(done * steps_per_epoch),
            initial_epoch=done,
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            validation_data=validation,
            shuffle=False,
            verbose=0,
            callbacks=[
                keras.callbacks.TerminateOnNaN(),
                keras.callbacks.LambdaCallback(on_epoch_end=end_epoch),
                TqdmCallback(epochs, verbose=0, desc=name),
            ],
        )
    return pd.DataFrame(history).rename_axis("epoch").reset_index()


def _resume(
    variables: "list[keras.Variable]", checkpoint: Path, fingerprint: str, epochs: int
) -> History:
    """Give variables the values of a checkpoint, and its history."""
    like = [np.asarray(variable) for variable in variables]
    saved = read_checkpoint(checkpoint, fingerprint, epochs, like)
    if saved is None:
        return []
    for variable, value in zip(variables, saved.arrays, strict=True):
        variable.assign(value)
    return list(saved.history)


def _describe(network: "keras.Model") -> str:
    """Describe layers and wiring, whatever was built before in the same process.

    Keras numbers the names of layers as they come: "dense", "dense_1".
    """
    description: str = network.to_json()
    for number, layer in enumerate([network, *network.layers]):
        description = description.replace(f'"{layer.name}"', f'"{number}"')
    return description

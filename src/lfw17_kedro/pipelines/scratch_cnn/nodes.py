"""What is `scratch_cnn`'s own: grey images, and networks trained on them."""

import math
from pathlib import Path

import numpy as np

from lfw17_kedro.faces.ids import check_rows
from lfw17_kedro.pipelines.modelling import Fitted
from lfw17_kedro.pipelines.scratch_cnn.architectures import ARCHITECTURES
from lfw17_kedro.pipelines.scratch_cnn.settings import (
    ArchitectureSettings,
    ScratchCnnSettings,
)
from lfw17_kedro.precision import choose_policy, use_policy
from lfw17_kedro.training.ensemble import ensemble_networks
from lfw17_kedro.training.ensemble import predict as predict_images
from lfw17_kedro.training.fit import train_classifier
from lfw17_kedro.training.optimizers import make_optimizer
from lfw17_kedro.types import F32, F64, Features, Network, Table


def make_features(images: F32, table: Table) -> Features:
    """Take images as they are.

    Args:
        images: (N, H, W) float32, 0-255, row i described by the table's row i.
        table: with the column `id`.

    Returns:
        Features whose array `images` is (N, H, W, 1) float32, 0-255.

    Raises:
        ValueError: images and table do not have the same length.
    """
    check_rows(images=images, table=table)
    return Features(
        ids=table["id"].to_numpy(np.str_),
        arrays={"images": images[..., None]},
        fingerprint=f"grey images {images.shape[1]}x{images.shape[2]}",
    )


def fit(
    features: Features,
    table: Table,
    class_names: list[str],
    settings: ScratchCnnSettings,
    seed: int,
    *,
    final: bool,
    checkpoint: Path,
    validation: tuple[Features, Table] | None,
) -> Fitted:
    """Train the networks of the settings and average them; see `Fit`."""
    import pandas as pd

    chosen = settings.chosen
    policy = choose_policy(settings.precision)
    networks, histories = [], []
    for index in range(chosen.networks):
        network, history = _train_network(
            features,
            table,
            len(class_names),
            settings,
            policy,
            int(np.random.SeedSequence([seed, index]).generate_state(1)[0]),
            checkpoint / f"network_{index}",
            validation,
        )
        networks.append(network)
        histories.append(history.assign(network=index))
    history = pd.concat(histories, ignore_index=True)
    metadata = {
        "architecture": settings.architecture,
        "networks": chosen.networks,
        "precision": policy,
        "epochs": int(history["epoch"].max()) + 1,
        "train_images": len(features),
    }
    model = ensemble_networks(networks, chosen.test_time_flip)
    return Fitted(model, metadata, history)


def predict(model: Network, features: Features) -> F64:
    """Predict with the averaged networks; see `Predict`."""
    return predict_images(model, features.arrays["images"])


def _train_network(
    features: Features,
    table: Table,
    n_classes: int,
    settings: ScratchCnnSettings,
    policy: str,
    seed: int,
    checkpoint: Path,
    validation: tuple[Features, Table] | None,
) -> tuple[Network, Table]:
    """Train one network."""
    import keras

    chosen = settings.chosen
    images = features.arrays["images"]
    epochs, steps_per_epoch = _count_epochs(chosen, len(images))
    # Keras draws first weights and dropout from its global generators.
    keras.utils.set_random_seed(seed)
    with use_policy(policy):
        network = ARCHITECTURES[settings.architecture](
            *images.shape[1:3], n_classes, **chosen.network.model_dump()
        )
    optimizer = chosen.optimizer.model_dump()
    warp = chosen.augmentation
    history = train_classifier(
        network,
        make_optimizer(**optimizer, steps=epochs * steps_per_epoch),
        images,
        table["label"].to_numpy(),
        n_classes,
        epochs=epochs,
        batch_size=chosen.batch_size,
        augmentation=warp.model_dump() if warp else None,
        label_smoothing=chosen.label_smoothing,
        seed=seed,
        checkpoint=checkpoint,
        fingerprint=optimizer,
        validation=validation
        and (validation[0].arrays["images"], validation[1]["label"].to_numpy()),
    )
    return network, history


def _count_epochs(chosen: ArchitectureSettings, images: int) -> tuple[int, int]:
    """Give the epochs to train for, and the steps of each."""
    steps_per_epoch = images // chosen.batch_size
    if chosen.epochs is not None:
        return chosen.epochs, steps_per_epoch
    return math.ceil((chosen.steps or 0) / steps_per_epoch), steps_per_epoch

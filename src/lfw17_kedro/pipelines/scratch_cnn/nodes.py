"""What is `scratch_cnn`'s own: views of grey images, and networks trained on them."""

import math
from pathlib import Path

import numpy as np

from lfw17_kedro.faces.align import resize_faces
from lfw17_kedro.faces.ids import check_rows
from lfw17_kedro.keras_random import seed_training
from lfw17_kedro.lineage.code_version import hash_code
from lfw17_kedro.pipelines.modelling import Fitted
from lfw17_kedro.pipelines.modelling.settings import NetworkCounts
from lfw17_kedro.pipelines.scratch_cnn.architectures import ARCHITECTURES
from lfw17_kedro.pipelines.scratch_cnn.settings import (
    ArchitectureSettings,
    ScratchCnnSettings,
)
from lfw17_kedro.precision import choose_policy, use_policy
from lfw17_kedro.training.batches import count_steps
from lfw17_kedro.training.ensemble import join_networks, train_networks
from lfw17_kedro.training.ensemble import predict as predict_views
from lfw17_kedro.training.fit import train_classifier
from lfw17_kedro.training.optimizers import make_optimizer
from lfw17_kedro.types import F32, F64, I64, U8, Features, Network, Table


def make_features(
    images: F32, aligned: U8, table: Table, networks: NetworkCounts, aligned_size: int
) -> Features:
    """Give the images that the networks see.

    Args:
        images: (N, H, W) float32, 0-255, row i described by the table's row i.
        aligned: (N, S, S) uint8 aligned faces, in the same order.
        table: with the column `id`.
        networks: how many see which view.
        aligned_size: side of the aligned faces that the networks see, pixels.

    Returns:
        Features with an array for each view that is seen: `original` is (N, H, W, 1)
        and `aligned` (N, aligned_size, aligned_size, 1), both float32, 0-255.

    Raises:
        ValueError: images, faces and table do not have the same length.
    """
    check_rows(images=images, aligned=aligned, table=table)
    arrays: dict[str, F32] = {}
    if networks.original:
        arrays["original"] = images[..., None]
    if networks.aligned:
        faces = resize_faces(aligned, aligned_size)
        arrays["aligned"] = faces[..., None].astype(np.float32)
    sizes = [f"{view} {one.shape[1]}x{one.shape[2]}" for view, one in arrays.items()]
    return Features(
        ids=table["id"].to_numpy(np.str_),
        arrays=arrays,
        fingerprint=f"grey images {', '.join(sizes)}",
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

    def train(view: str, own_seed: int, folder: Path) -> tuple[Network, Table]:
        return _train_network(
            features.arrays[view],
            table,
            len(class_names),
            settings,
            own_seed,
            folder,
            validation
            and (validation[0].arrays[view], validation[1]["label"].to_numpy()),
        )

    networks, history = train_networks(settings.networks.views, train, seed, checkpoint)
    metadata = {
        "architecture": settings.architecture,
        "networks": settings.networks.model_dump(),
        "explanation": settings.networks.explain(),
        "precision": choose_policy(settings.precision),
        "epochs": int(history["epoch"].max()) + 1,
        "train_images": len(features),
    }
    model = join_networks(networks, settings.chosen.test_time_flip)
    return Fitted(model, metadata, history)


def predict(model: Network, features: Features) -> F64:
    """Predict with the averaged networks; see `Predict`."""
    return predict_views(model, features.arrays)


def build_network(
    settings: ScratchCnnSettings, height: int, width: int, n_classes: int
) -> Network:
    """Build the chosen network with its first weights, in the chosen precision.

    Args:
        settings: of the method.
        height: rows of an image.
        width: columns of an image.
        n_classes: K.

    Returns:
        Maps (N, height, width, 1) images, 0-255, to (N, K) float32 logits.
    """
    with use_policy(choose_policy(settings.precision)):
        return ARCHITECTURES[settings.architecture](
            height, width, n_classes, **settings.chosen.network.model_dump()
        )


def _train_network(
    images: F32,
    table: Table,
    n_classes: int,
    settings: ScratchCnnSettings,
    seed: int,
    checkpoint: Path,
    validation: tuple[F32, I64] | None,
) -> tuple[Network, Table]:
    """Train one network on the images of its view."""
    chosen = settings.chosen
    epochs, steps_per_epoch = _count_epochs(chosen, len(images))
    height, width = images.shape[1:3]
    optimizer = chosen.optimizer.model_dump()
    warp = chosen.augmentation
    with seed_training(seed):
        network = build_network(settings, height, width, n_classes)
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
            fingerprint=(hash_code(__name__), optimizer),
            validation=validation,
        )
    return network, history


def _count_epochs(chosen: ArchitectureSettings, images: int) -> tuple[int, int]:
    """Give the epochs to train for, and the steps of each."""
    steps_per_epoch = count_steps(images, chosen.batch_size)
    if chosen.epochs is not None:
        return chosen.epochs, steps_per_epoch
    return math.ceil((chosen.steps or 0) / steps_per_epoch), steps_per_epoch

"""Nodes of `transfer_learning`: images -> a network of ImageNet retrained on faces."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from lfw17_kedro.encoders.efficientnet_lite0 import build_efficientnet_lite0
from lfw17_kedro.encoders.inception_v3 import build_inception_v3
from lfw17_kedro.pipelines.transfer_learning.networks import (
    attach_head,
    build_head,
    unfreeze_layers,
)
from lfw17_kedro.training import people as naming
from lfw17_kedro.training.fit import train_classifier
from lfw17_kedro.training.optimizers import make_optimizer
from lfw17_kedro.training.precision import choose_policy, use_policy
from lfw17_kedro.types import F32, U8, Network

BACKBONES = ("efficientnet_lite0", "inception_v3")
FEATURE_BATCH = 64  # images; bounds memory, nothing else


def choose_settings(
    backbone: str, backbones: dict[str, Any], training: dict[str, Any]
) -> dict[str, Any]:
    """Give the settings of one backbone and its training, complete and checked.

    Args:
        backbone: one of `BACKBONES`.
        backbones: the settings of each, by name.
        training: the settings that all share.

    Returns:
        All settings, with the `backbone` and the Keras `policy`.

    Raises:
        ValueError: unknown backbone or precision, or no training of the head.
    """
    if backbone not in BACKBONES:
        raise ValueError(
            f"transfer_learning.backbone: expected one of {sorted(BACKBONES)}, got "
            f"{backbone!r}."
        )
    chosen: dict[str, Any] = training | backbones[backbone]
    for part in ("head", "fine_tuning"):
        if chosen[part]["epochs"] < (part == "head"):
            raise ValueError(
                f"transfer_learning.training.{part}.epochs: expected at least "
                f"{int(part == 'head')}, got {chosen[part]['epochs']}."
            )
    return chosen | {
        "backbone": backbone,
        "policy": choose_policy(chosen["precision"]),
    }


def build_backbone(settings: dict[str, Any], efficientnet_weights: bytes) -> Network:
    """Build the chosen ImageNet network, without its classifier.

    Returns:
        Maps (N, height, width, 3) RGB images, 0-255, to (N, h, w, D) features.

    Raises:
        ValueError, OSError: see the builders of `encoders`.
    """
    height, width = settings["height"], settings["width"]
    with use_policy(settings["policy"]):
        if settings["backbone"] == "efficientnet_lite0":
            return build_efficientnet_lite0(efficientnet_weights, height, width)
        return build_inception_v3(settings["weights"], height, width)


def compute_features(backbone: Network, images: U8) -> F32:
    """Compute once what the frozen backbone sees, averaged over the image.

    Args:
        backbone: of `build_backbone`.
        images: (N, height, width, 3) uint8 RGB.

    Returns:
        (N, D) float32.
    """
    features = []
    for start in tqdm(range(0, len(images), FEATURE_BATCH), "features", unit="batch"):
        seen = backbone.predict(images[start : start + FEATURE_BATCH], verbose=0)
        features.append(seen.mean(axis=(1, 2)))
    return np.concatenate(features).astype(np.float32)


def validate_network(
    backbone: Network,
    images: U8,
    features: F32,
    table: pd.DataFrame,
    class_names: list[str],
    settings: dict[str, Any],
    seed: int,
    state: Path,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every validation image the probabilities of a network that never saw it.

    Args:
        backbone: of `build_backbone`; not changed.
        images: (N, height, width, 3) uint8 RGB, row i described by the table's row i.
        features: (N, D) of those images, of `compute_features`.
        table: the training photos, of `choose_photos`.
        class_names: the K names.
        settings: of `choose_settings`.
        seed: of all chance.
        state: folder for what a killed run needs to go on.

    Returns:
        One row a validated original, `id` and a column for each person; and the
        training history: `fold`, `network` (0), `stage` (head, fine_tuning), `epoch`
        (of both stages together), `loss`, `accuracy`, `val_loss`, `val_accuracy`.
    """
    train = partial(
        _train, backbone, images, features, table, class_names, settings, seed
    )
    return naming.validate_by_folds(train, images, table, class_names, state)


def train_network(
    backbone: Network,
    images: U8,
    features: F32,
    table: pd.DataFrame,
    class_names: list[str],
    settings: dict[str, Any],
    seed: int,
    state: Path,
) -> tuple[Network, pd.DataFrame]:
    """Train the final network on all training images.

    Args: see `validate_network`.

    Returns:
        One model, (N, height, width, 3) RGB images, 0-255, to (N, K) probabilities;
        and the training history: `network`, `stage`, `epoch`, `loss`, `accuracy`.
    """
    train = partial(
        _train, backbone, images, features, table, class_names, settings, seed
    )
    return train(table.index, state / "final", None)


def collect_metadata(
    settings: dict[str, Any], table: pd.DataFrame, history: pd.DataFrame
) -> dict[str, Any]:
    """Collect what the metrics should say of this method beside its scores."""
    tuned = history[history["stage"] == "fine_tuning"]
    return {
        "backbone": settings["backbone"],
        "image_size": [settings["height"], settings["width"]],
        "precision": settings["policy"],
        "fine_tuned_layers": settings["fine_tuning"]["layers"],
        "fine_tuning_epochs": len(tuned),
        "train_images": len(table),
    }


def _train(
    backbone: Network,
    images: U8,
    features: F32,
    table: pd.DataFrame,
    class_names: list[str],
    settings: dict[str, Any],
    seed: int,
    rows: pd.Index,
    state: Path,
    validation: naming.Validation | None,
) -> tuple[Network, pd.DataFrame]:
    """Train the head on cached features, then some or all layers of the network."""
    import keras

    labels = table["label"].to_numpy()[rows]
    tuning, batch_size = settings["fine_tuning"], settings["batch_size"]
    naming.check_train_labels(labels, class_names, batch_size)
    common: dict[str, Any] = {
        "batch_size": batch_size,
        "label_smoothing": settings["label_smoothing"],
        "seed": seed,
    }
    steps = len(rows) // batch_size

    keras.utils.set_random_seed(seed)  # first weights and dropout
    head = build_head(features.shape[1], len(class_names))
    history = train_classifier(
        head,
        make_optimizer(
            **settings["head"]["optimizer"], steps=steps * settings["head"]["epochs"]
        ),
        features[rows],
        labels,
        len(class_names),
        epochs=settings["head"]["epochs"],
        augmentation=None,
        state=state / "head",
        fingerprint=settings["head"],
        title=f"{state.name} head",
        **common,
    )
    histories = [history.assign(stage="head")]

    with use_policy(settings["policy"]):
        network = attach_head(
            backbone, head, settings["dropout"], tuning["head_lr_multiplier"]
        )
    trainable = unfreeze_layers(network, tuning["layers"])
    if tuning["epochs"] and trainable:
        history = train_classifier(
            network,
            make_optimizer(**tuning["optimizer"], steps=steps * tuning["epochs"]),
            images[rows],
            labels,
            len(class_names),
            epochs=tuning["epochs"],
            augmentation=settings["augmentation"],
            state=state / "fine_tuning",
            fingerprint=(tuning, head.get_weights()),
            title=f"{state.name} fine-tuning",
            validation=validation,
            **common,
        )
        history["epoch"] += settings["head"]["epochs"]
        histories.append(history.assign(stage="fine_tuning"))
    model = naming.ensemble_networks([network], settings["test_time_flip"])
    return model, pd.concat(histories, ignore_index=True).assign(network=0)

"""Average networks and mirror images, and predict with the result."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.types import F64, Network, Table

PREDICT_BATCH = 256  # images; bounds memory, nothing else


def train_networks(
    views: Sequence[str],
    train: Callable[[str, int, Path], tuple[Network, Table]],
    seed: int,
    checkpoint: Path,
) -> tuple[list[tuple[str, Network]], Table]:
    """Train the networks of an ensemble one after the other.

    Args:
        views: what each of them sees.
        train: trains one, given its view, its seed and the folder of its checkpoint;
            gives it and its history.
        seed: of all of them.
        checkpoint: folder of all their checkpoints.

    Returns:
        View and network of each, for `join_networks`, and the histories in one table
        with the column `network`.
    """
    import pandas as pd

    networks, histories = [], []
    for index, view in enumerate(views):
        own = checkpoint / f"network_{index}"
        network, history = train(view, derive_seed(seed, index), own)
        networks.append((view, network))
        histories.append(history.assign(network=index))
    return networks, pd.concat(histories, ignore_index=True)


def derive_seed(seed: int, network: int) -> int:
    """Give each network of an ensemble a seed of its own, at most 2^32 - 1."""
    return int(np.random.SeedSequence([seed, network]).generate_state(1)[0])


def predict(model: Network, views: Mapping[str, NDArray[Any]]) -> F64:
    """Give (N, K) float64 probabilities, each row of sum 1.

    Args:
        model: of `join_networks`.
        views: name of the view -> (N, H, W, C) images; those that the model does not
            take are ignored.

    Raises:
        ValueError: there are no such images for the model.
    """
    needed = {one.name: tuple(one.shape[1:]) for one in model.inputs}
    given = {name: images.shape[1:] for name, images in views.items()}
    if not needed.items() <= given.items():
        raise ValueError(
            f"features: expected images of the shapes {needed}, as the model was "
            f"trained on, got {given}; make the features or the model again."
        )
    inputs = [views[name] for name in needed]
    probabilities = model.predict(inputs, PREDICT_BATCH, verbose=0).astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # float32 is off by 1e-7
    return np.asarray(probabilities)


def join_networks(
    networks: Sequence[tuple[str, Network]], test_time_flip: bool
) -> Network:
    """Join networks into one that averages their probabilities.

    Args:
        networks: the name of the view that it sees, and a network that maps its (N, H,
            W, C) images to (N, K) logits.
        test_time_flip: average over each image and its mirror image.

    Returns:
        Maps the (N, H, W, C) images of each view, an input of that name, to (N, K)
        float32 probabilities.
    """
    import keras
    from keras import layers

    inputs = {
        view: keras.Input(network.input_shape[1:], name=view)
        for view, network in networks
    }
    probabilities = []
    for view, network in networks:
        images = [inputs[view]]
        if test_time_flip:
            images.append(keras.ops.flip(inputs[view], axis=2))
        softmax = layers.Softmax(dtype="float32")
        probabilities += [softmax(network(one)) for one in images]
    if len(probabilities) > 1:
        average = layers.Average(dtype="float32")(probabilities)
    else:
        [average] = probabilities
    return keras.Model(list(inputs.values()), average)

"""Average networks and mirror images, and predict with the result."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.types import F64, Network

PREDICT_BATCH = 256  # images; bounds memory, nothing else


def predict(model: Network, images: NDArray[Any]) -> F64:
    """Give (N, K) float64 probabilities, each row of sum 1.

    Args:
        model: maps images to (N, K) probabilities.
        images: (N, H, W, C), as the model takes them.
    """
    probabilities = model.predict(images, PREDICT_BATCH, verbose=0).astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # float32 is off by 1e-7
    return np.asarray(probabilities)


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

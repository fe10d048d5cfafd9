"""The head of `transfer_learning`, and how much of the network below it learns."""

from typing import TYPE_CHECKING

from lfw17_kedro.keras_random import hold_layers

if TYPE_CHECKING:
    import keras

HEAD = "head"

# Keras's 0.99 needs more steps than fine-tuning takes to follow from ImageNet to faces.
BATCH_NORM_MOMENTUM = 0.9


def build_head(n_features: int, n_classes: int) -> "keras.Model":
    """Build a linear classifier: (N, D) features -> (N, K) float32 logits."""
    import keras

    features = keras.Input((n_features,))
    logits = keras.layers.Dense(n_classes, dtype="float32", name=HEAD)(features)
    return keras.Model(features, logits)


def resize_backbone(backbone: "keras.Model", height: int, width: int) -> "keras.Model":
    """Copy a backbone, with the same weights, for images of another size.

    Args:
        backbone: convolutions and pooling alone; not changed.
        height: rows of the images, pixels.
        width: columns of the images, pixels.
    """
    import keras

    with hold_layers():
        images = keras.Input((height, width, 3))
        copy = keras.models.clone_model(backbone, input_tensors=images)
    copy.set_weights(backbone.get_weights())
    return copy


def attach_head(
    backbone: "keras.Model",
    head: "keras.Model",
    dropout: float,
    head_lr_multiplier: float,
) -> "keras.Model":
    """Put a trained head on a backbone.

    Args:
        backbone: of `resize_backbone`; becomes part of the network.
        head: of `build_head`.
        dropout: probability that a feature is dropped while training.
        head_lr_multiplier: how many times as fast the head learns as the layers
            below it. Its weights are divided by this and its logits multiplied: the
            same function, but an Adam step, whose length does not depend on the
            gradient's, moves the logits that much further.

    Returns:
        Maps (N, H, W, 3) images to (N, K) float32 logits.
    """
    import keras

    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
    # Named, for Keras would give them names that a loaded backbone has already.
    pool = keras.layers.GlobalAveragePooling2D(dtype="float32", name=f"{HEAD}_pool")
    x = keras.layers.Dropout(dropout, name=f"{HEAD}_dropout")(pool(backbone.output))
    dense = head.get_layer(HEAD)
    top = keras.layers.Dense(dense.units, dtype="float32", name=HEAD)
    scale = keras.layers.Rescaling(
        head_lr_multiplier, dtype="float32", name=f"{HEAD}_scale"
    )
    logits = scale(top(x))
    top.set_weights([weights / head_lr_multiplier for weights in dense.get_weights()])
    return keras.Model(backbone.input, logits)


def unfreeze_layers(network: "keras.Model", layers: int | None) -> None:
    """Let the last layers learn, and freeze those before them.

    Args:
        network: of `attach_head`.
        layers: how many of the layers with weights, counted from the top, the head
            among them; None for all. Batch norm counts too.

    Raises:
        ValueError: a negative number.
    """
    if layers is not None and layers < 0:
        raise ValueError(
            f"fine_tuned_layers: expected 0 or more, or null for all, got {layers}."
        )
    weighted = [layer for layer in network.layers if layer.weights]
    frozen = 0 if layers is None else max(0, len(weighted) - layers)
    for layer in weighted[:frozen]:
        layer.trainable = False

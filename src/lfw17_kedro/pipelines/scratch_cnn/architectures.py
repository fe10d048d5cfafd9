"""The networks of `scratch_cnn`: grey images in, logits out.

Both take (N, H, W, 1) float32 images, 0-255, and give (N, K) float32 logits.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

RESNET_SLOPE = 0.1  # of the leaky ReLU
PUBLISHED_SLOPE = 0.2  # tf.nn.leaky_relu's default in TensorFlow 1.4, the study's
PUBLISHED_WIDTHS = (64, 128, 256)
PUBLISHED_DENSE = (1024, 1024, 1024)


def build_resnet(
    height: int,
    width: int,
    n_classes: int,
    *,
    widths: list[int],
    blocks: list[int],
    dense: int,
    dropout: float,
) -> "keras.Model":
    """Build a small residual network.

    Every image is standardised to mean 0 and variance 1; stages of a convolution and
    `blocks[i]` residual blocks of two, with max-pooling between them; one dense layer.

    Args:
        height: rows of an image.
        width: columns of an image.
        n_classes: K.
        widths: channels of each stage.
        blocks: residual blocks of each stage.
        dense: units of the dense layer.
        dropout: probability that a unit is dropped, before and after the dense layer.
    """
    import keras
    from keras import layers

    images = keras.Input((height, width, 1))
    x = layers.LayerNormalization(
        axis=[1, 2, 3], center=False, scale=False, dtype="float32"
    )(images)
    for stage, (channels, count) in enumerate(zip(widths, blocks, strict=True)):
        if stage:
            x = layers.MaxPooling2D()(x)
        x = _activate(_convolve(x, channels))
        for _ in range(count):
            residual = _activate(_convolve(x, channels))
            x = _activate(layers.Add()([x, _convolve(residual, channels)]))
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    x = _activate(layers.BatchNormalization(momentum=0.9)(layers.Dense(dense)(x)))
    x = layers.Dropout(dropout)(x)
    return keras.Model(images, layers.Dense(n_classes, dtype="float32")(x))


def _convolve(x: Any, channels: int) -> Any:
    """Apply a 3x3 convolution with batch norm."""
    from keras import layers

    x = layers.Conv2D(
        channels, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(x)
    # The usual 0.99 is too slow for the few hundred steps of a short run.
    return layers.BatchNormalization(momentum=0.9)(x)


def _activate(x: Any) -> Any:
    """Apply the leaky ReLU."""
    from keras import layers

    return layers.LeakyReLU(RESNET_SLOPE)(x)


def build_published(
    height: int, width: int, n_classes: int, *, dropout: float
) -> "keras.Model":
    """Build the study's own network.

    Batch norm of the input; three times a 5x5 convolution, max-pooling and batch norm;
    three dense layers of 1024 with dropout after each and batch norm between them; the
    last dense layer has a ReLU, every other layer a leaky one.

    Args:
        height: rows of an image.
        width: columns of an image.
        n_classes: K.
        dropout: probability that a unit is dropped; the study's is 0.725.
    """
    import keras
    from keras import layers

    images = keras.Input((height, width, 1))
    x = layers.BatchNormalization()(images)
    for channels in PUBLISHED_WIDTHS:
        x = layers.Conv2D(channels, 5, padding="same")(x)
        x = layers.MaxPooling2D()(layers.LeakyReLU(PUBLISHED_SLOPE)(x))
        x = layers.BatchNormalization()(x)
    x = layers.Flatten()(x)
    for index, units in enumerate(PUBLISHED_DENSE):
        last = index == len(PUBLISHED_DENSE) - 1
        if index:
            x = layers.BatchNormalization()(x)
        x = layers.Dense(units)(x)
        x = layers.ReLU()(x) if last else layers.LeakyReLU(PUBLISHED_SLOPE)(x)
        x = layers.Dropout(dropout)(x)
    return keras.Model(images, layers.Dense(n_classes, dtype="float32")(x))


ARCHITECTURES: "dict[str, Callable[..., keras.Model]]" = {
    "small_resnet": build_resnet,
    "resnet": build_resnet,
    "published": build_published,
}

"""Endless batches of augmented images, the same for the same seed.

N images in a batch, H rows, W columns, C channels.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.types import I64

if TYPE_CHECKING:
    import tensorflow as tf


def make_batches(
    images: NDArray[Any],
    labels: I64,
    n_classes: int,
    *,
    batch_size: int,
    augmentation: dict[str, float] | None,
    seed: int,
    first_step: int = 0,
) -> "tf.data.Dataset":
    """Stream shuffled, augmented batches without end.

    Args:
        images: (N, H, W, C) float32 or uint8, 0-255; (N, ...) without augmentation.
        labels: (N,) int64, 0..n_classes-1.
        n_classes: K.
        batch_size: images in a batch, at most N.
        augmentation: arguments of `augment_images` but for images and seed; None for
            unchanged images.
        seed: the same seed gives the same stream.
        first_step: batches to skip at the start, so that interrupted training
            continues with the batches that it would have seen.

    Returns:
        Pairs (batch_size, ...) float32 and (batch_size, K) float32, one-hot.
    """
    import tensorflow as tf

    targets = np.eye(n_classes, dtype=np.float32)[labels]
    pairs = tf.data.Dataset.from_tensor_slices((images, targets))
    pairs = pairs.shuffle(len(images), seed=seed).repeat()
    pairs = pairs.batch(batch_size, drop_remainder=True).skip(first_step)
    pairs = pairs.map(lambda some, truth: (tf.cast(some, tf.float32), truth))
    if augmentation is not None:
        settings = augmentation
        seeds = tf.data.Dataset.random(seed=seed).batch(2, drop_remainder=True)

        def augment(pair: tuple[Any, Any], pair_seed: Any) -> tuple[Any, Any]:
            return augment_images(pair[0], pair_seed, **settings), pair[1]

        pairs = tf.data.Dataset.zip(pairs, seeds.skip(first_step)).map(augment)
    # There is nothing to tune, and TensorFlow 2.20 may take up to a minute to stop the
    # thread that tunes when the iterator is deleted.
    options = tf.data.Options()
    options.autotune.enabled = False
    return pairs.prefetch(2).with_options(options)


def count_steps(images: int, batch_size: int) -> int:
    """Give the full batches of an epoch.

    Raises:
        ValueError: there is none; training would wait for its first batch for ever.
    """
    if batch_size > images:
        raise ValueError(
            f"batch_size: expected at most the {images} training images, got "
            f"{batch_size}; choose a smaller one."
        )
    return images // batch_size


def augment_images(
    images: Any,
    seed: Any,
    *,
    max_brightness: float = 0.0,
    max_contrast: float = 0.0,
    **warp: float,
) -> Any:
    """Apply a random affine transform, then random brightness and contrast.

    Args:
        images: (N, H, W, C) float32 tensor, 0-255.
        seed: (2,) int64 tensor; the same seed gives the same changes.
        max_brightness: uniform shifts, up and down, as fractions of 255.
        max_contrast: differences from the image's mean are scaled by 1 + c; c is
            uniform between minus this and this.
        warp: arguments of `random_affine`.

    Returns:
        (N, H, W, C) float32; values may lie outside 0-255.
    """
    import tensorflow as tf

    images = random_affine(images, seed, **warp)
    if not max_brightness and not max_contrast:
        return images
    light = tf.random.stateless_uniform([2, tf.shape(images)[0], 1, 1, 1], seed + 1)
    brightness, contrast = tf.unstack(2 * light - 1)
    mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
    changed = (images - mean) * (1 + contrast * max_contrast) + mean
    return changed + 255 * max_brightness * brightness


def random_affine(
    images: Any,
    seed: Any,
    *,
    flip_probability: float,
    max_degrees: float,
    max_shift: float,
    max_zoom: float,
) -> Any:
    """Mirror, rotate, zoom and shift each image of a batch at random, in one transform.

    Args:
        images: (N, H, W, C) float32 tensor.
        seed: (2,) int64 tensor; the same seed gives the same transforms.
        flip_probability: probability that an image is mirrored left to right, 0-1.
        max_degrees: angles are uniform between minus this and this.
        max_shift: shifts are uniform between minus this and this, fractions of width
            and height.
        max_zoom: an image is scaled by exp(z), z uniform between minus this and this:
            0.12 is 12 % either way.

    Returns:
        (N, H, W, C) float32, bilinear, edge pixels repeated outwards.
    """
    import tensorflow as tf

    height, width = images.shape[1:3]
    uniform = tf.random.stateless_uniform([5, tf.shape(images)[0]], seed)
    rotation, zoom, right, down = tf.unstack(2 * uniform[:4] - 1)
    angle, scale = rotation * max_degrees * np.pi / 180, tf.exp(zoom * max_zoom)
    mirror = tf.where(uniform[4] < flip_probability, -1.0, 1.0)
    # Output (x, y) takes its value from input (a x + b y + tx, c x + d y + ty). Without
    # a shift the centre stays in place.
    a, b = mirror * scale * tf.cos(angle), -scale * tf.sin(angle)
    c, d = mirror * scale * tf.sin(angle), scale * tf.cos(angle)
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    tx = centre_x - a * centre_x - b * centre_y + right * max_shift * width
    ty = centre_y - c * centre_x - d * centre_y + down * max_shift * height
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, tx, c, d, ty, zero, zero], axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )

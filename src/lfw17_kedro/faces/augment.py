"""The study's offline augmentation: copies that may be rotated and mirrored."""

import numpy as np

from lfw17_kedro.types import F32


def augment_faces(
    images: F32,
    *,
    copies: int,
    max_degrees: float,
    rotation_probability: float,
    flip_probability: float,
    rng: np.random.Generator,
) -> F32:
    """Make augmented copies of every image.

    Args:
        images: (N, H, W) float32, 0-255.
        copies: number of copies of each image, at least 0.
        max_degrees: a rotation's angle is uniform between minus this and this.
        rotation_probability: probability that a copy is rotated, 0-1.
        flip_probability: probability that a copy is mirrored left to right, 0-1.
        rng: source of all randomness.

    Returns:
        (copies, N, H, W) float32, 0-255: `[c, i]` is copy c of image i. Rotated about
        the centre with bilinear interpolation, edge pixels repeated outwards.

    Source: the study's faces_dataset_from_npy_to_jpg.py.
    """
    from scipy import ndimage

    augmented = np.repeat(images[None], copies, axis=0)
    shape = augmented.shape[:2]
    angles = rng.uniform(-max_degrees, max_degrees, shape)
    angles[rng.random(shape) >= rotation_probability] = 0
    flips = rng.random(shape) < flip_probability
    for place in zip(*np.nonzero(angles), strict=True):
        augmented[place] = ndimage.rotate(
            augmented[place], angles[place], reshape=False, order=1, mode="nearest"
        )
    augmented[flips] = augmented[flips, :, ::-1]
    return augmented

"""Turn small grey images into photos of a size that detectors expect."""

from collections.abc import Iterable

import numpy as np
from PIL import Image

from lfw17_kedro.types import F32, U8


def enlarge_images(
    images: F32, photo_ids: Iterable[str], short_side: int
) -> dict[str, U8]:
    """Enlarge images until their short side reaches a length.

    Args:
        images: (N, H, W) float32, 0-255.
        photo_ids: N ids.
        short_side: least length of the short side, pixels; larger images stay as
            they are.

    Returns:
        id -> photo, (H', W') uint8, bicubic.
    """
    height, width = images.shape[1:]
    scale = max(1.0, short_side / min(height, width))
    size = (round(width * scale), round(height * scale))
    pixels = np.rint(images).astype(np.uint8)
    return {
        photo_id: np.asarray(
            Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
        )
        for photo_id, image in zip(photo_ids, pixels, strict=True)
    }

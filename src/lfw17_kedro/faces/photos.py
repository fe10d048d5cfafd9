"""Photos one at a time: enlarged or opened when they are needed, never all at once."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from PIL import Image

from lfw17_kedro.types import F32, U8


class EnlargedImages(Mapping[str, U8]):
    """Small grey images as photos of a size that detectors expect.

    id -> photo, (H', W') uint8, bicubic; each is enlarged again when it is asked for.
    """

    def __init__(self, images: F32, photo_ids: Iterable[str], short_side: int) -> None:
        """Hold the images.

        Args:
            images: (N, H, W) float32, 0-255.
            photo_ids: N ids.
            short_side: min length of the short side, pixels; larger images stay as
                they are.
        """
        self._images = dict(zip(photo_ids, images, strict=True))
        self._short_side = short_side

    def __getitem__(self, photo_id: str) -> U8:
        """Enlarge one image."""
        image = self._images[photo_id]
        height, width = image.shape
        scale = max(1.0, self._short_side / min(height, width))
        size = (round(width * scale), round(height * scale))
        pixels = Image.fromarray(np.rint(image).astype(np.uint8))
        return np.asarray(pixels.resize(size, Image.Resampling.BICUBIC))

    def __iter__(self) -> Iterator[str]:
        """Give the ids."""
        return iter(self._images)

    def __len__(self) -> int:
        """Count the photos."""
        return len(self._images)

"""A folder of jpg photos."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError
from PIL import Image

from lfw17_kedro.datasets.atomic import atomic_write
from lfw17_kedro.types import U8


class JpgFolderDataset(AbstractDataset[Mapping[str, U8], dict[str, U8 | bytes]]):
    """Photos as `<id>.jpg`; an id may hold folders, as in `Tony_Blair/000007`.

    Loads id -> (H, W) or (H, W, 3) uint8, or with `encoded` the files' bytes, in the
    order of the sorted ids; files other than *.jpg are left alone. Saving takes arrays
    and replaces the whole folder.

    Example:
        >>> dataset = JpgFolderDataset(filepath=f"{tmp_path}/photos")
        >>> dataset.save({"s1/000000": np.zeros((256, 189), np.uint8)})
        >>> list(dataset.load())
        ['s1/000000']
    """

    def __init__(
        self,
        *,
        filepath: str,
        quality: int = 95,
        encoded: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._quality = quality
        self._read = Path.read_bytes if encoded else _decode
        self.metadata = metadata

    def load(self) -> dict[str, U8 | bytes]:
        files = sorted(self._filepath.rglob("*.jpg"))
        if not files:
            raise DatasetError(
                f"expected a folder with jpg photos at {self._filepath}, found "
                f"{'none in it' if self._filepath.is_dir() else 'no such folder'}; "
                "run data_processing first."
            )
        return {
            file.relative_to(self._filepath).with_suffix("").as_posix(): self._read(
                file
            )
            for file in files
        }

    def save(self, data: Mapping[str, U8]) -> None:
        with atomic_write(self._filepath) as part:
            for photo_id, photo in data.items():
                file = part / f"{photo_id}.jpg"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(photo).save(file, quality=self._quality)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "quality": self._quality}

    def _exists(self) -> bool:
        return self._filepath.is_dir()


def _decode(file: Path) -> U8:
    """Decode one jpg, naming the file if that fails."""
    try:
        with Image.open(file, formats=["JPEG"]) as image:
            return np.asarray(image)
    except (OSError, SyntaxError) as error:
        raise DatasetError(
            f"expected a jpg photo at {file} ({file.stat().st_size} bytes), got a "
            f"file that Pillow cannot decode: {error}; replace or remove it."
        ) from error

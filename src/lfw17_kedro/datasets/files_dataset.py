"""A folder of files that nodes make, and a file of the user that may be missing."""

import errno
import logging
import os
import stat
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from typing import NoReturn, Protocol

from kedro.io import DatasetError

from lfw17_kedro.datasets.folder_walk import explain_unreadable
from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.files.atomic import remove
from lfw17_kedro.messages import one_line
from lfw17_kedro.photos.readers import open_regular_file

logger = logging.getLogger(__name__)


class Files(Protocol):
    """Contents by path, for example a dict."""

    def items(self) -> Iterable[tuple[str, bytes | str]]:
        """Give the path of each file, relative to the folder, and its content."""


class FilesDataset(PathDataset[Files, NoReturn]):
    """A folder of files for the user: pictures, sidecars. No run reads it.

    Saving replaces the whole folder and takes one file after the other. A file whose
    name is too long for the disk, as a sidecar of a photo with a very long name, is
    left out with a warning.

    A hundred thousand photos have some 300,000 pictures, nearly all as in the run
    before. A file that was in the folder `previous` with the same content is not
    written again: it gets a second name (a hard link) in the new folder. Files that
    the user may have other names for are written again, and all files where the disk
    has no links.

    Example:
        >>> dataset = FilesDataset(filepath=f"{tmp_path}/files")
        >>> dataset.save({"a/b.txt": "hello"})
        >>> (tmp_path / "files/a/b.txt").read_text()
        'hello'
    """

    previous: Path | None = None  # of the last save; it may not be there

    def load(self) -> NoReturn:
        raise DatasetError(f"{self._filepath} is written for other programs alone.")

    def save(self, data: Files) -> None:
        remove(self._filepath)
        self._filepath.mkdir(parents=True)
        root = os.path.realpath(self._filepath)
        make_folder = cache(partial(self._make_folder, root))
        too_long = []
        for path, content in data.items():
            folder, name = os.path.split(self._place(root, path))
            data_bytes = content.encode() if isinstance(content, str) else content
            try:
                old = make_folder(folder)
                file = os.path.join(folder, name)
                if old is None or not _link(os.path.join(old, name), file, data_bytes):
                    with open(file, "xb") as opened:  # never over another one
                        opened.write(data_bytes)
            except (FileExistsError, NotADirectoryError) as error:
                raise DatasetError(
                    f"expected files of different names in {self._filepath}, got "
                    f"{one_line(repr(path))} where another one is (some disks do not "
                    "tell upper from lower case); rename it."
                ) from error
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
                too_long.append(path)
        if too_long:
            logger.warning(
                "%d files left out, their names are too long for the disk, for example "
                "%s; give the photos shorter names.",
                len(too_long),
                one_line(too_long[0]),
            )

    def _place(self, root: str, path: str) -> str:
        """Give the place of a file, never outside the folder."""
        # Joined and shortened as text: nothing there yet can be a link.
        file = os.path.normpath(os.path.join(root, path))
        if not file.startswith(os.path.join(root, "")) or "\0" in path:
            raise DatasetError(
                f"expected paths inside {self._filepath}, got {one_line(repr(path))}; "
                "rename it."
            )
        return file

    def _make_folder(self, root: str, folder: str) -> str | None:
        """Make a folder inside the new one.

        Returns:
            The folder of the last save with the same path inside; None if there is
            none, or if the user has replaced it by a link: what is there is theirs.
        """
        Path(folder).mkdir(parents=True, exist_ok=True)
        if self.previous is None:
            return None
        inside = os.path.relpath(folder, root)
        old = os.path.normpath(os.path.join(os.path.realpath(self.previous), inside))
        return old if os.path.realpath(old) == old else None

    def _exists(self) -> bool:
        return self._filepath.is_dir()


def _link(old: str, file: str, content: bytes) -> bool:
    """Give a file a second name if it has a content and no second name yet.

    Returns:
        Whether `file` is there now.
    """
    try:
        state = os.lstat(old)
        if (
            not stat.S_ISREG(state.st_mode)
            or state.st_size != len(content)
            or state.st_nlink != 1
        ):
            return False
        with open(old, "rb") as opened:
            if opened.read() != content:
                return False
        os.link(old, file)
    except OSError:  # it is not there, or the disk has no links: it is written
        return False
    return True


class OptionalFileDataset(PathDataset[NoReturn, bytes]):
    """A file of the user: loads its content, no bytes if there is none.

    Several nodes of a run read it, and all must see one version: what changes during a
    run counts in the next one.
    """

    _content: bytes | None = None

    def load(self) -> bytes:
        if self._content is None:
            self._content = self._read()
        return self._content

    def _release(self) -> None:
        self._content = None

    def _read(self) -> bytes:
        """Read the file as it is now."""
        try:
            with open_regular_file(os.fsencode(self._filepath)) as file:
                return file.read()
        except FileNotFoundError as error:
            if not self._filepath.is_symlink():
                return b""
            raise DatasetError(
                f"{self._filepath}: expected a file or none, got a link to a file that "
                "is gone; put the file back or remove the link."
            ) from error
        except OSError as error:
            raise DatasetError(
                f"{self._filepath}: {explain_unreadable(error)}."
            ) from error

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{self._filepath} belongs to the user; no run writes it.")

    def _exists(self) -> bool:
        return True

"""A folder of files that nodes make, and a file of the user that may be missing."""

import errno
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn, Protocol

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.atomic import remove
from lfw17_kedro.datasets.folder_walk import explain_unreadable
from lfw17_kedro.messages import one_line
from lfw17_kedro.photo_readers import open_regular_file

logger = logging.getLogger(__name__)


class Files(Protocol):
    """Contents by path, a dict for one."""

    def items(self) -> Iterable[tuple[str, bytes | str]]:
        """Give the path of each file, relative to the folder, and its content."""


class FilesDataset(AbstractDataset[Files, NoReturn]):
    """A folder of files for the user: pictures, sidecars. No run reads it.

    Saving replaces the whole folder and takes one file after the other. A file whose
    name is too long for the disk, as a sidecar of a photo with a very long name, is
    left out with a warning.

    Example:
        >>> dataset = FilesDataset(filepath=f"{tmp_path}/files")
        >>> dataset.save({"a/b.txt": "hello"})
        >>> (tmp_path / "files/a/b.txt").read_text()
        'hello'
    """

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> NoReturn:
        raise DatasetError(f"{self._filepath} is written for other programs alone.")

    def save(self, data: Files) -> None:
        remove(self._filepath)
        self._filepath.mkdir(parents=True)
        root = self._filepath.resolve()
        too_long = []
        for path, content in data.items():
            file = self._place(root, path)
            data_bytes = content.encode() if isinstance(content, str) else content
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("xb") as opened:  # never over another one
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
                "%d files left out, their names are too long for the disk, %s for one; "
                "give the photos shorter names.",
                len(too_long),
                one_line(too_long[0]),
            )

    def _place(self, root: Path, path: str) -> Path:
        """Give the place of a file, never outside the folder."""
        # Joined and shortened as text: nothing there yet can be a link.
        file = Path(os.path.normpath(root / path))
        if not file.is_relative_to(root) or file == root or "\0" in path:
            raise DatasetError(
                f"expected paths inside {self._filepath}, got {one_line(repr(path))}; "
                "rename it."
            )
        return file

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return self._filepath.is_dir()


class OptionalFileDataset(AbstractDataset[NoReturn, bytes]):
    """A file of the user: loads its content, no bytes if there is none."""

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> bytes:
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

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return True

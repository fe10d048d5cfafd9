"""A folder of parts, each some files written whole; here one on a disk."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

from pydantic import BaseModel, ConfigDict

from lfw17_kedro.files.atomic import OLD, OWNER, PART, atomic_write, remove, sweep

CARD = "part.json"  # of a part: says what its other files must be; it is written last
DAMAGED = ".damaged"
NAME = re.compile(r"part-[0-9a-f]{16}")
# What `atomic_write` leaves of a part when its process is killed.
LEFTOVER = re.compile(rf"\.(?P<part>{NAME.pattern})\.{OWNER}\.({PART}|{OLD})")


class FileCard(BaseModel):
    """What a file of a part must be; size: bytes."""

    model_config = ConfigDict(strict=True)

    sha256: str
    size: int


class PartCard(BaseModel):
    """What a part says of itself in `CARD`.

    Attributes:
        fingerprint: of the scan; None in parts of older versions.
        dimension: D, of the embeddings.
        decoders: what decoded the photos; "" in parts of older versions.
        files: the others of the part, by name.
    """

    model_config = ConfigDict(strict=True)

    fingerprint: str | None = None
    dimension: int
    decoders: str = ""
    files: dict[str, FileCard]


class PartFolder(ABC):
    """Parts by name; each is a few files, of which `CARD` is the last to be written."""

    @abstractmethod
    def list_names(self) -> list[str]:
        """List the parts, sorted; none if there is no folder.

        Raises:
            OSError: the folder cannot be read.
        """

    @abstractmethod
    def prepare(self) -> None:
        """Make the folder, and write something to see that this can be done.

        Raises:
            OSError: it cannot.
        """

    @abstractmethod
    def read(self, name: str, file: str) -> bytes:
        """Read a file of a part.

        Raises:
            OSError: it is missing, or cannot be read.
        """

    @abstractmethod
    def measure(self, name: str, file: str) -> int:
        """Give the size of a file of a part, bytes.

        Raises:
            OSError: as `read`.
        """

    @abstractmethod
    def write(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write a part, unless a whole one of its name is there.

        The name follows from what is in it, so the one that is there says the same:
        it stays, and readers never miss it. A damaged one is replaced.

        Args:
            name: of the part.
            files: name -> content, `CARD` among them.

        Raises:
            OSError: there is no room, or the folder cannot be written to.
        """

    def is_whole(self, name: str) -> bool:
        """Tell whether a part is there, with files of the sizes that its card says.

        Raises:
            OSError: it cannot be read, and nothing says that it is damaged.
        """
        try:
            card = PartCard.model_validate_json(self.read(name, CARD))
            return all(
                self.measure(name, file) == expected.size
                for file, expected in card.files.items()
            )
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False
        except ValueError:  # no such card, or names in it that no file can have
            return False

    @abstractmethod
    def set_aside(self, name: str) -> bool:
        """Rename a part, so that it is not listed; false if it is gone."""

    @abstractmethod
    def locate(self, name: str) -> str:
        """Give the path or URL of a part, for messages."""


class LocalParts(PartFolder):
    """Parts on a disk, folders that take their names when they are complete."""

    def __init__(self, folder: Path) -> None:
        """Name the folder, which need not exist."""
        self._folder = folder

    def list_names(self) -> list[str]:
        """List the folders of parts."""
        try:
            return sorted(
                entry.name
                for entry in self._folder.iterdir()
                if NAME.fullmatch(entry.name) and entry.is_dir()
            )
        except FileNotFoundError:
            return []

    def prepare(self) -> None:
        """Write a file that vanishes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=self._folder):
            pass

    def read(self, name: str, file: str) -> bytes:
        """Read a file."""
        return (self._folder / name / file).read_bytes()

    def measure(self, name: str, file: str) -> int:
        """Give the size of a file."""
        return (self._folder / name / file).stat().st_size

    def write(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write a folder beside the place of the part, then rename it."""
        self._sweep()
        if self.is_whole(name):
            return
        is_there = partial(self.is_whole, name)  # another has just written it
        with atomic_write(self._folder / name, keeps=is_there) as part:
            part.mkdir()
            for file, content in files.items():
                (part / file).write_bytes(content)

    def set_aside(self, name: str) -> bool:
        """Rename the folder."""
        part = self._folder / name
        if not part.is_dir():
            return False
        aside = part.with_name(name + DAMAGED)
        remove(aside, ignore_errors=True)  # another process may do the same
        with suppress(FileNotFoundError):  # another process was faster
            part.rename(aside)
        return True

    def locate(self, name: str) -> str:
        """Give the path."""
        return str(self._folder / name)

    def _sweep(self) -> None:
        """Remove parts that killed processes did not finish."""
        if self._folder.is_dir():
            for leftover in self._folder.iterdir():
                if match := LEFTOVER.fullmatch(leftover.name):
                    sweep(leftover.with_name(match["part"]))

"""Any dataset of one file or folder, saved whole and checked when it is loaded."""

import contextlib
import logging
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.datasets.artifact_record import (
    ArtifactVersion,
    Content,
    compare_content,
    find_record,
    hash_content,
    keep_command,
    read_versions,
    remember_content,
    write_versions,
)
from lfw17_kedro.datasets.save_errors import explain_error
from lfw17_kedro.files.atomic import atomic_write, follow_links, recover, sweep
from lfw17_kedro.messages import one_line

logger = logging.getLogger(__name__)

KEDRO = "Failed while loading data from dataset"  # its words for any other error
MAX_COMMAND = 500  # characters of a command that a sentence can hold
AGAIN = "the pipeline that writes it"


@runtime_checkable
class KeepsFiles(Protocol):
    """A dataset that need not write the files again that have not changed.

    Attributes:
        previous: folder with its files of the last save, which may not be there.
    """

    previous: Path | None


class MissingArtifactError(DatasetError):
    """Nothing is there."""


class StoredDataset(AbstractDataset[Any, Any]):
    """One artifact of the project: a dataset with a record beside its file or folder.

    A save replaces the whole artifact or nothing, however it ends. A load compares the
    content with the record, so a file that was cut, flipped, exchanged or put there by
    hand is refused. The record also says from what the artifact was made; a run sets
    that, and what it must be now, by `set_origin` and `expect`.

    Args of the constructor:
        dataset: type of the dataset inside, as in any catalog.
        filepath: of the file or folder.
        optional: load None, with a warning if the artifact is damaged, where there is
            no whole one: for results that only some methods have.
        options: of the dataset inside.

    Example:
        >>> dataset = StoredDataset(
        ...     dataset="json.JSONDataset", filepath=f"{tmp_path}/names.json"
        ... )
        >>> dataset.save(["Ann", "Bob"])
        >>> dataset.load()
        ['Ann', 'Bob']
    """

    def __init__(
        self,
        *,
        dataset: str,
        filepath: str,
        optional: bool = False,
        metadata: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self._type = dataset
        self._options = options
        self._filepath = Path(filepath)
        self._optional = optional
        self.metadata = metadata
        self._origin: dict[str, Any] | None = None
        self._command: str | None = None
        self._expected: str | None = None
        inner = self._open(self._filepath)
        if hasattr(inner, "preview"):  # Kedro-Viz asks whether there is one
            self.preview = inner.preview

    @property
    def options(self) -> dict[str, Any]:
        """How the artifact is saved: the dataset's type and its options."""
        return {"type": self._type, **self._options}

    def set_origin(self, origin: dict[str, Any], command: str) -> None:
        """Say from what the next version is made, and the command that makes it.

        A run that has made it reads that version, even one that it made incompletely.
        """
        self._origin, self._command = origin, keep_command(command)
        if self._expected is not None:
            self._expected = origin["fingerprint"]

    def expect(self, fingerprint: str) -> None:
        """Say which fingerprint the artifact must have to exist; at first, any.

        A run that says so makes what is missing. What a killed run left beside the
        others is cleared here: nothing else would save them.
        """
        self._expected = fingerprint
        self.clear_parts()

    def clear_parts(self) -> None:
        """Remove what killed processes left beside the artifact and its record."""
        with contextlib.suppress(OSError):  # a load or a save will say so
            sweep(self._filepath)
            sweep(find_record(self._filepath))

    def read_version(self) -> ArtifactVersion | None:
        """Give the record of what lies there now, None if nothing does.

        Raises:
            DatasetError: the content is not what its record says.
        """
        recover(self._filepath)
        if not self._filepath.exists():
            return None
        # The content first: a save writes the record before it swaps the content, so
        # the record that is there next describes what was there before.
        content = hash_content(self._filepath)
        versions = read_versions(self._filepath)
        if not versions:
            raise DatasetError(
                f"it has no record {find_record(self._filepath).name}: it was put "
                "there by hand or by an older version of this project"
            )
        for version in versions:
            if version.sha256 == content.sha256:
                return version
        raise DatasetError(compare_content(content, versions[0]))

    def check(self, command: str | None = None) -> ArtifactVersion | None:
        """Give the record of what `load` would load.

        Args:
            command: that makes it again, where its record does not say.

        Returns:
            None if there is nothing, which only an optional dataset allows.

        Raises:
            MissingArtifactError: nothing is there.
            DatasetError: it is damaged, or it is not what this run would make. Says
                the command that makes it again.
        """
        try:
            version = self.read_version()
        except OSError as error:
            raise DatasetError(
                f"{self._filepath}: expected to read it, got: {error}; change the "
                "rights of the file or its folder, or check the disk."
            ) from error
        except DatasetError as error:
            raise DatasetError(
                f"{self._filepath}: expected a whole artifact, got a damaged one: "
                f"{error}; run {self._advise(command)} to make it again."
            ) from error
        if version is None:
            if self._optional:
                return None
            raise MissingArtifactError(
                f"{self._filepath}: expected an artifact of an earlier run, found "
                f"none; run {self._advise(command)} to make it."
            )
        if not self._is_expected(version):
            raise DatasetError(
                f"{self._filepath}: expected what this run would make, got one made "
                f"with other settings, data or code; run {self._advise(command)} to "
                "make it again."
            )
        return version

    def load(self) -> Any:
        try:
            return None if self.check() is None else self._read()
        except DatasetError as error:
            if not self._optional:
                raise
            logger.warning("%s", error)
            return None

    def _read(self) -> Any:
        """Load the dataset inside.

        Raises:
            DatasetError: the file cannot be read, although its record is that of its
                content.
        """
        try:
            return self._open(self._filepath).load()
        except DatasetError as error:
            cause = error.__cause__
            if cause is None or not str(error).startswith(KEDRO):
                raise  # of our own datasets: it says what to do
            raise DatasetError(
                f"{self._filepath}: expected a file for {self._type}, got one that "
                f"cannot be read: {one_line(cause)}; run {self._advise(None)} to make "
                "it again."
            ) from cause

    def save(self, data: Any) -> None:
        content: list[Content] = []

        def write_record(part: Path) -> None:
            content.append(hash_content(part))
            versions = [self._describe_version(content[0], data)]
            write_versions(self._filepath, versions + self._find_present())

        try:
            with atomic_write(self._filepath, write_record) as part:
                inner = self._open(part)
                if isinstance(inner, KeepsFiles):
                    inner.previous = follow_links(self._filepath)
                inner.save(data)
        except (OSError, DatasetError) as error:
            raise DatasetError(
                f"{self._filepath}: expected to write it (what was there stays whole), "
                f"got: {explain_error(error)}"
            ) from error
        remember_content(self._filepath, content[0])

    def _describe_version(self, content: Content, data: Any) -> ArtifactVersion:
        """Describe what is about to be swapped in."""
        return ArtifactVersion(
            content.sha256,
            content.size,
            _count_rows(data),
            content.files,
            self._origin,
            self._command,
        )

    def _find_present(self) -> list[ArtifactVersion]:
        """Give the record of what is about to be replaced, if that is whole."""
        try:
            version = self.read_version()
        except DatasetError:
            return []
        return [version] if version else []

    def _is_expected(self, version: ArtifactVersion) -> bool:
        """Tell whether a version has the fingerprint that was set, if one was."""
        return self._expected is None or (
            version.origin is not None
            and version.origin.get("fingerprint") == self._expected
        )

    def _advise(self, command: str | None) -> str:
        """Give the command that makes the artifact again, as far as it is known.

        Args:
            command: where its record does not say.
        """
        try:
            versions = read_versions(self._filepath)
        except DatasetError:
            versions = []
        commands = [one for one in (*(v.command for v in versions), command) if one]
        known = commands and len(commands[0]) <= MAX_COMMAND
        return f"`{commands[0]}`" if known else AGAIN

    def _open(self, path: Path) -> Any:
        """Make the dataset inside, on this path."""
        config = {"type": self._type, "filepath": str(path), **self._options}
        return AbstractDataset.from_config(str(path), config)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "dataset": self._type, **self._options}

    def _exists(self) -> bool:
        """Tell whether a whole artifact is there that this run would make."""
        try:
            version = self.read_version()
        except (DatasetError, OSError):
            return False
        return version is not None and self._is_expected(version)


def _count_rows(data: Any) -> int | None:
    """Count the rows of a table, an array or a set of photos; of others None."""
    if isinstance(data, str | bytes | dict) or not hasattr(data, "__len__"):
        return None
    try:
        return len(data)
    except TypeError:  # an array without axes
        return None

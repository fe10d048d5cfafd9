"""Read the parts of a scan, and set those aside that are not what was written."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from lfw17_kedro.messages import one_line
from lfw17_kedro.stores.part_folder import PartFolder
from lfw17_kedro.stores.remote_parts import RemoteError
from lfw17_kedro.stores.scan_parts import (
    FACES,
    PHOTOS,
    PICTURES,
    DamagedPartError,
    read_part,
    stream_part,
)
from lfw17_kedro.stores.scan_tables import count_faces

logger = logging.getLogger(__name__)

PICTURES_AT_ONCE = 256  # rows that are Python objects at a time


class PartReader:
    """Reads parts; a damaged one is set aside, with a warning."""

    def __init__(
        self,
        parts: PartFolder,
        fingerprint: str,
        dimension: int,
        empty: Mapping[str, Any],
        forget: Callable[[str], None],
    ) -> None:
        """Remember what parts look like.

        Args:
            parts: to read.
            fingerprint: of the scan.
            dimension: D, of an embedding.
            empty: tables of `PHOTOS`, `FACES` and `PICTURES` without rows.
            forget: called with the name of a part that turns out to be damaged.
        """
        self._parts, self._empty = parts, empty
        self._of = fingerprint, dimension
        self._forget = forget

    def read_part(
        self, name: str, files: Sequence[str]
    ) -> tuple[list[Any], str] | None:
        """Read files of a part.

        Returns:
            A table for each file, and what decoded the photos; None if the part is
            gone, or damaged, so that it was set aside.

        Raises:
            OSError: the system does not let it be read.
        """
        with self._noticing_damage(name):
            tables, decoders = read_part(self._parts, name, files, self._of)
            for file, table in zip(files, tables, strict=True):
                if table.schema != self._empty[file].schema:
                    raise DamagedPartError(f"{file} has other columns")
            _check_faces(dict(zip(files, tables, strict=True)))
            return tables, decoders
        return None

    def stream_pictures(self, name: str) -> Iterator[Any]:
        """Read the pictures of a part in batches; none of a damaged one.

        Raises:
            OSError: the system does not let it be read.
        """
        with self._noticing_damage(name):
            yield from stream_part(
                self._parts,
                name,
                PICTURES,
                self._of,
                self._empty[PICTURES].schema,
                PICTURES_AT_ONCE,
            )

    @contextmanager
    def _noticing_damage(self, name: str) -> Iterator[None]:
        """Set a part aside that turns out to be damaged.

        Raises:
            OSError: the system does not let it be read.
        """
        try:
            yield
        except OSError as error:
            advice = "change the rights of the folder, or remove it"
            self.refuse(name, "to read what photos show", error, advice)
        except DamagedPartError as error:
            self.set_aside(name, one_line(error))

    def set_aside(self, name: str, reason: str) -> None:
        """Let a damaged part count no more."""
        self._forget(name)
        try:
            is_done = self._parts.set_aside(name)
        except OSError as error:
            advice = "change the rights of the folder, or remove the part"
            self.refuse(name, f"no damage ({reason}), or to rename it", error, advice)
        if is_done:  # else another process has done it
            logger.warning(
                "%s is damaged (%s): its photos are scanned again by the next search.",
                self._parts.locate(name),
                reason,
            )

    def list_parts(self) -> list[str]:
        """List the parts in a fixed order.

        Raises:
            OSError: the system does not let them be listed.
        """
        try:
            return self._parts.list_names()
        except OSError as error:
            wanted = "a folder with what photos show, or none"
            advice = "change its rights, or remove what is in its place"
            self.refuse("", wanted, error, advice)

    def refuse(self, name: str, wanted: str, error: OSError, advice: str) -> NoReturn:
        """Say what the system does not let be done with the folder or a part.

        Raises:
            OSError: always.
        """
        if isinstance(error, RemoteError):  # which says all
            raise error
        raise OSError(
            f"{self._parts.locate(name)}: expected {wanted}, got: "
            f"{one_line(error.strerror or error)}; {advice}."
        ) from error


def _check_faces(tables: Mapping[str, Any]) -> None:
    """Check that the faces of a part are those of its photos, if both were read.

    Raises:
        DamagedPartError: they are not.
    """
    if PHOTOS in tables and FACES in tables:
        try:
            count_faces(tables[PHOTOS], tables[FACES])
        except ValueError as error:
            raise DamagedPartError(one_line(error)) from error

"""What photos show, on disk: parts that only grow in number, keyed by content.

`<folder>/<fingerprint>/part-<random>/` holds photos.parquet, faces.parquet,
pictures.parquet and part.json, which gives the SHA-256 and size of the others. A part
is written whole or not at all, so what a killed run had found stays. A part that is not
what its part.json says is set aside, and its photos are scanned again.
"""

import logging
import os
import re
import secrets
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from lfw17_kedro.atomic import PART, atomic_write, remove, sweep
from lfw17_kedro.messages import one_line
from lfw17_kedro.people_types import Picture, Scan, Scanned
from lfw17_kedro.stores.scan_parts import (
    FACES,
    PHOTOS,
    PICTURES,
    DamagedError,
    read_part,
    write_part,
)
from lfw17_kedro.stores.scan_tables import (
    JoinedTables,
    tabulate_faces,
    tabulate_photos,
    tabulate_pictures,
)

logger = logging.getLogger(__name__)

DAMAGED = ".damaged"
NAME = re.compile(r"part-[0-9a-f]{16}")
LEFTOVER = re.compile(rf"\.({NAME.pattern})\.[0-9a-f-]+\.{PART}")  # of `atomic_write`


class ScanStore:
    """The photos scanned so far with one fingerprint.

    What was read stays in memory; what this or another process has added since is read
    when it is asked for. Several processes may add at once.
    """

    def __init__(self, folder: Path, fingerprint: str, dimension: int) -> None:
        """Open the store; its folder need not exist.

        Args:
            folder: of all fingerprints.
            fingerprint: of encoder, detector and settings.
            dimension: D, of an embedding.
        """
        self._folder = folder / fingerprint
        self._fingerprint = fingerprint
        self._dimension = dimension
        self._empty = {
            PHOTOS: tabulate_photos([]),
            FACES: tabulate_faces([], dimension),
            PICTURES: tabulate_pictures([]),
        }
        self._parts: dict[Path, tuple[Any, Any]] = {}  # photos and faces of each
        self._read_all: JoinedTables | None = None

    def list_known(self) -> set[str]:
        """Give the SHA-256 of every photo that was scanned."""
        return set(self._read_tables().sorted_ids)

    def find(self, digits: str) -> str | None:
        """Give the SHA-256 of a scanned photo that starts with some digits."""
        ids = self._read_tables().sorted_ids
        at = bisect_left(ids, digits)
        return ids[at] if at < len(ids) and ids[at].startswith(digits) else None

    def add(self, photos: Iterable[Scanned]) -> None:
        """Add photos as one part.

        Args:
            photos: those with a problem are left out: the next run, which may have
                more decoders, tries them again. Of two of one content the first counts.

        Raises:
            ValueError: embeddings of another dimension than the store's.
            OSError: the disk is full, or the folder cannot be written to.
        """
        readable = {one.sha256: one for one in reversed([*photos]) if not one.problem}
        if not (added := [*reversed(readable.values())]):
            return
        tables = {
            PHOTOS: tabulate_photos(added),
            FACES: tabulate_faces(added, self._dimension),
            PICTURES: tabulate_pictures(added),
        }
        try:
            self._sweep()
            with atomic_write(self._folder / f"part-{secrets.token_hex(8)}") as part:
                write_part(part, tables, self._dimension)
        except OSError as error:
            raise OSError(
                f"{self._folder}: expected to keep what photos show, got: "
                f"{one_line(error)}; make room on the disk, or change the rights of "
                "the folder."
            ) from error

    def read(self, sha256: Iterable[str]) -> Scan:
        """Give what photos show.

        Args:
            sha256: of the photos, each once; in this order they come back.

        Raises:
            KeyError: one was not scanned.
        """
        tables = self._read_tables()
        wanted = list(sha256)
        rows = tables.index.get_indexer(wanted)
        if (rows < 0).any():
            missing = wanted[int((rows < 0).argmax())]
            raise KeyError(f"expected scanned photos, got an unknown one: {missing}")
        faces = tables.find_faces(rows)
        return Scan(
            tables.photos.iloc[rows].reset_index(drop=True),
            tables.faces.iloc[faces].reset_index(drop=True),
            tables.vectors[faces],
            self._fingerprint,
        )

    def read_pictures(self, sha256: Collection[str]) -> Iterator[Picture]:
        """Give the pictures of photos and of their faces, a part at a time.

        Pictures of a damaged part are missing, with a warning.

        Args:
            sha256: of the photos.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        tables = self._read_tables()
        rows = tables.index.get_indexer([*dict.fromkeys(sha256)])
        rows = rows[rows >= 0]
        for number in np.unique(tables.part_numbers[rows]):
            ids = tables.index[rows[tables.part_numbers[rows] == number]]
            read = self._open_part(tables.parts[number], [PICTURES])
            if read is None:
                continue
            wanted = pa.array(ids.tolist(), pa.string())
            table = read[0].filter(pc.is_in(read[0]["sha256"], value_set=wanted))
            yield from (Picture(**row) for row in table.to_pylist())

    def _read_tables(self) -> JoinedTables:
        """Read the photos and faces of the parts that are not in memory yet."""
        for part in self._list_parts():
            if part not in self._parts:
                read = self._open_part(part, [PHOTOS, FACES])
                if read is not None:
                    self._parts[part] = (read[0], read[1])
        parts = sorted(self._parts)  # also one that another process has set aside
        if self._read_all is None or self._read_all.parts != parts:
            empty = self._empty[PHOTOS], self._empty[FACES]
            tables = [self._parts[part] for part in parts]
            self._read_all = JoinedTables(parts, tables, empty, self._dimension)
        return self._read_all

    def _open_part(self, part: Path, names: Sequence[str]) -> list[Any] | None:
        """Read files of a part; None if it is damaged, and set aside, or gone."""
        try:
            read = read_part(part, names, self._dimension)
            for name, table in zip(names, read, strict=True):
                if table.schema != self._empty[name].schema:
                    raise DamagedError(f"{name} has other columns")
            return read
        except OSError as error:
            raise OSError(
                f"{part}: expected to read what photos show, got: {one_line(error)}; "
                "change the rights of the folder, or remove it."
            ) from error
        except DamagedError as error:
            self._parts.pop(part, None)
            if not part.is_dir():
                return None  # another process has set it aside
            logger.warning(
                "%s is damaged (%s): its photos are scanned again by the next search.",
                part,
                one_line(error),
            )
            aside = part.with_name(part.name + DAMAGED)
            remove(aside)
            with suppress(FileNotFoundError):  # likewise
                part.rename(aside)
            return None

    def _list_parts(self) -> list[Path]:
        """List the parts in a fixed order."""
        try:
            with os.scandir(self._folder) as entries:
                return sorted(
                    Path(entry.path)
                    for entry in entries
                    if NAME.fullmatch(entry.name) and entry.is_dir()
                )
        except FileNotFoundError:
            return []
        except OSError as error:
            raise OSError(
                f"{self._folder}: expected a folder with what photos show, or none, "
                f"got: {one_line(error.strerror or error)}; change its rights, or "
                "remove what is in its place."
            ) from error

    def _sweep(self) -> None:
        """Remove parts that killed processes did not finish."""
        if self._folder.is_dir():
            for leftover in self._folder.iterdir():
                if match := LEFTOVER.fullmatch(leftover.name):
                    sweep(leftover.with_name(match[1]))


OpenStore = Callable[[str, int], ScanStore]
"""Opens the store of a fingerprint, for embeddings of a dimension."""

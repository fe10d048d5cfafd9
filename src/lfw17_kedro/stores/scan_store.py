"""What photos show, kept on disk or in an object store: parts, keyed by content.

`<folder>/<fingerprint>/part-<digits>/` holds photos.parquet, faces.parquet,
pictures.parquet and part.json, which gives the SHA-256 and size of the others. The name
follows from the photos of the part. A part is written whole or not at all, so what a
killed run had found stays. A part that is not what its part.json says is set aside, and
its photos are scanned again.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lfw17_kedro.lineage.digest import hash_data
from lfw17_kedro.messages import one_line
from lfw17_kedro.photos.formats import describe_decoders
from lfw17_kedro.scan_types import Picture, Scan, Scanned, StoredScan
from lfw17_kedro.stores.part_reader import PartReader
from lfw17_kedro.stores.remote_parts import open_parts
from lfw17_kedro.stores.scan_index import (
    NOWHERE,
    PartIndex,
    ScanIndex,
    index_part,
)
from lfw17_kedro.stores.scan_parts import (
    FACES,
    PHOTOS,
    PICTURES,
    encode_part,
)
from lfw17_kedro.stores.scan_tables import (
    tabulate_faces,
    tabulate_photos,
    tabulate_pictures,
)
from lfw17_kedro.stores.stored_scan import read_scan
from lfw17_kedro.types import Bools


class ScanStore:
    """The photos scanned so far with one fingerprint.

    Only where each photo lies is kept in memory; what this or another process has added
    since is found when it is asked for. Several processes may add at once.
    """

    def __init__(
        self,
        folder: Path | str,
        fingerprint: str,
        dimension: int,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Open the store; its folder need not exist.

        Args:
            folder: path or URL, of all fingerprints.
            fingerprint: of encoder, detector and settings.
            dimension: D, of an embedding.
            options: of the filesystem of a URL.

        Raises:
            ValueError: a URL that nothing is installed for.
            OSError: a URL that cannot be opened.
        """
        self._parts = open_parts(str(folder), fingerprint, options)
        self._fingerprint = fingerprint
        self._dimension = dimension
        self._empty = {
            PHOTOS: tabulate_photos([]),
            FACES: tabulate_faces([], dimension),
            PICTURES: tabulate_pictures([]),
        }
        self._indices: dict[str, PartIndex] = {}
        self._reader = PartReader(
            self._parts, fingerprint, dimension, self._empty, self._forget
        )
        self._index = ScanIndex({})

    def is_known(self, sha256: Sequence[str]) -> Bools:
        """Tell which photos need not be scanned, (n,) bool.

        A photo that could not be decoded need not be tried again before other decoders
        are installed.
        """
        index = self._read_index()
        return index.is_settled(index.find(sha256), describe_decoders())

    def prepare(self) -> None:
        """Make the folder, and see that it can be written to, before hours of work.

        Raises:
            OSError: it cannot.
        """
        try:
            self._parts.prepare()
        except OSError as error:
            advice = "name another with scan_folder, or change its rights"
            self._reader.refuse("", "a folder to keep what is found", error, advice)

    def find(self, starts: Iterable[str]) -> list[str | None]:
        """Give the SHA-256 of scanned photos that start with some digits."""
        index = self._read_index()
        return [index.find_start(digits) for digits in starts]

    def add(self, photos: Iterable[Scanned]) -> None:
        """Add photos as one part, in their order.

        If the same photos were added before or are added by another process at the
        same time, who comes first counts.

        Args:
            photos: those whose file could not be read are left out: the next run tries
                them again. Of two of one content the first counts.

        Raises:
            ValueError: embeddings of another dimension than the store's.
            OSError: the disk is full, or the folder cannot be written to.
        """
        kept = {one.sha256: one for one in reversed([*photos]) if not one.is_gone}
        if not (added := [*reversed(kept.values())]):
            return
        tables = {
            PHOTOS: tabulate_photos(added),
            FACES: tabulate_faces(added, self._dimension),
            PICTURES: tabulate_pictures(added),
        }
        # Other decoders may see other photos: the name says all that the content is of.
        decoders = describe_decoders()
        name = f"part-{hash_data([self._fingerprint, decoders, [*kept]])[:16]}"
        try:
            files = encode_part(tables, self._fingerprint, self._dimension, decoders)
            self._parts.write(name, files)
        except OSError as error:
            advice = "make room on the disk, or change the rights of the folder"
            self._reader.refuse("", "to keep what photos show", error, advice)

    def open(self, sha256: Iterable[str]) -> StoredScan:
        """Give what photos show; embeddings are read when they are asked for.

        Args:
            sha256: of the photos, each once; in this order they come back.

        Raises:
            KeyError: one was not scanned.
        """
        index = self._read_index()
        wanted = list(sha256)
        places = index.find(wanted)
        if (places == NOWHERE).any():
            missing = wanted[int((places == NOWHERE).argmax())]
            raise KeyError(f"expected scanned photos, got an unknown one: {missing}")
        numbers, rows = index.locate(places)
        return read_scan(
            self._read_part,
            index.parts,
            numbers,
            rows,
            self._empty,
            self._fingerprint,
        )

    def read(self, sha256: Iterable[str]) -> Scan:
        """Give what photos show, all in memory; see `open`."""
        return self.open(sha256).load()

    def read_pictures(self, sha256: Collection[str]) -> Iterator[Picture]:
        """Give the pictures of photos and of their faces, a part at a time.

        Pictures of a damaged part are missing, with a warning.

        Args:
            sha256: of the photos.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        index = self._read_index()
        unique = [*dict.fromkeys(sha256)]
        places = index.find(unique)
        is_there = places != NOWHERE
        ids = np.array(unique, object)[is_there]
        numbers, _ = index.locate(places[is_there])
        for number in np.unique(numbers):
            wanted = pa.array(ids[numbers == number].tolist(), pa.string())
            for batch in self._reader.stream_pictures(index.parts[number]):
                own = batch.filter(pc.is_in(batch["sha256"], value_set=wanted))
                yield from (Picture(**row) for row in own.to_pylist())

    def _read_index(self) -> ScanIndex:
        """Find the photos of the parts that are not in memory yet.

        Their faces, which are most of a part but its pictures, are not read for that:
        their size is checked here, and what they say when it is asked for.
        """
        for name in self._reader.list_parts():
            if name in self._indices:
                continue
            if (read := self._reader.read_part(name, [PHOTOS])) is not None:
                [photos], decoders = read
                try:
                    self._indices[name] = index_part(photos, decoders)
                except ValueError as error:
                    self._reader.set_aside(name, one_line(error))
        # Nodes of a run share a store, perhaps in threads: what others change from here
        # on is not in this index.
        indices, index = dict(self._indices), self._index
        if index.parts != sorted(indices):
            self._index = index = ScanIndex(indices)
        return index

    def _forget(self, name: str) -> None:
        """Let a part count no more."""
        self._indices.pop(name, None)

    def _read_part(self, name: str, files: Sequence[str]) -> list[Any]:
        """Read files of a part that was whole a moment ago.

        Raises:
            OSError: it is damaged or gone.
        """
        read = self._reader.read_part(name, files)
        if read is None:
            raise OSError(
                f"{self._parts.locate(name)}: expected what photos show, got a part "
                "that is damaged or gone; run again, which searches them again."
            )
        return read[0]


OpenStore = Callable[[str, int], ScanStore]
"""Opens the store of a fingerprint, for embeddings of a dimension."""

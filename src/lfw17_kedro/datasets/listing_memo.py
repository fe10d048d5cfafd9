"""Remember the hashes of photos in an object store, so that each is downloaded once."""

import hashlib
import logging
from pathlib import Path
from typing import Any, Self

from lfw17_kedro.files.atomic import atomic_write
from lfw17_kedro.messages import one_line

logger = logging.getLogger(__name__)

SAVE_EVERY = 2_000  # new hashes: a listing that is killed loses no more
Row = tuple[str, int, str]  # checksum, size, sha256


class ListingMemo:
    """What a URL held when it was listed last: path, checksum, size and SHA-256.

    One Parquet file in a folder for each URL, written whole. A file that is damaged is
    built again, with a warning; so is one that belongs to another URL. Used in a `with`
    block it is saved at the end: a listing that was whole with what is there, and
    nothing else; one that failed with what is known.
    """

    def __init__(self, folder: Path, url: str) -> None:
        """Read what was remembered.

        Args:
            folder: of the files.
            url: that is listed.
        """
        name = hashlib.sha256(url.encode()).hexdigest()[:16]
        self._file = folder / f"{name}.parquet"
        self._url = url
        self._old = self._read()
        self._new: dict[str, Row] = {}
        self._unsaved = 0

    def find(self, path: str, checksum: str, size: int) -> str | None:
        """Give the SHA-256 of an object, None if it is new or has changed.

        Args:
            path: from the URL.
            checksum: of the content, as the store lists it.
            size: bytes.
        """
        row = self._old.get(path)
        return row[2] if row and row[:2] == (checksum, size) else None

    def keep(self, path: str, checksum: str, size: int, sha256: str) -> None:
        """Remember an object that is there now; saves from time to time."""
        row = self._old.get(path)
        if row != (checksum, size, sha256):
            row = (checksum, size, sha256)
            self._unsaved += 1
        self._new[path] = row
        if self._unsaved == SAVE_EVERY:
            self._write(self._old | self._new)
            self._unsaved = 0

    def __enter__(self) -> Self:
        """Begin a listing."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Save what is new."""
        if kind is not None and self._unsaved:
            self._write(self._old | self._new)
        if kind is None and self._new != self._old:
            self._write(self._new)

    def _read(self) -> dict[str, Row]:
        """Read the file; nothing where it is missing or damaged."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            content = pa.BufferReader(self._file.read_bytes())
            table = pq.read_table(content, page_checksum_verification=True)
            table.validate(full=True)
            if not table.schema.equals(self._make_schema(), check_metadata=True):
                raise ValueError("other columns, or those of another URL")
            paths, *rows = (column.to_pylist() for column in table.columns)
        except FileNotFoundError:
            return {}
        except (pa.ArrowException, OSError, ValueError) as error:
            logger.warning(
                "%s: expected the hashes of %s, got a damaged file (%s); all photos "
                "are downloaded again.",
                *(self._file, self._url, one_line(error)),
            )
            return {}
        hashes = (sha256.hex() for sha256 in rows.pop())
        return dict(zip(paths, zip(*rows, hashes, strict=True), strict=True))

    def _write(self, rows: dict[str, Row]) -> None:
        """Write the file, sorted by path."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        paths = sorted(rows)
        columns = [
            paths,
            [rows[path][0] for path in paths],
            [rows[path][1] for path in paths],
            [bytes.fromhex(rows[path][2]) for path in paths],
        ]
        table = pa.table(columns, schema=self._make_schema())
        try:
            with atomic_write(self._file) as part:
                pq.write_table(table, part, write_page_checksum=True)
        except OSError as error:
            logger.warning(
                "%s: expected to write the hashes of %s, got: %s; the next run "
                "downloads all photos again. Free the disk, or fix the permissions.",
                *(self._file, self._url, one_line(error)),
            )

    def _make_schema(self) -> Any:
        """Give the columns of the file."""
        import pyarrow as pa

        types = (pa.string(), pa.string(), pa.int64(), pa.binary(32))
        fields = [
            pa.field(name, kind, nullable=False)
            for name, kind in zip(
                ("path", "checksum", "size", "sha256"), types, strict=True
            )
        ]
        return pa.schema(fields, metadata={"url": self._url})

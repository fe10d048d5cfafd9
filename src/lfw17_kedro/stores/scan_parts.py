"""One part of the scans as files, and how damage is detected."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from lfw17_kedro.stores.part_folder import CARD, FileCard, PartCard, PartFolder

PHOTOS, FACES, PICTURES = "photos.parquet", "faces.parquet", "pictures.parquet"

ScanKind = tuple[str, int]
"""Fingerprint of a scan, and D of its embeddings."""


class DamagedPartError(Exception):
    """A part is not what was written."""


def encode_part(
    tables: Mapping[str, Any], fingerprint: str, dimension: int, decoders: str
) -> dict[str, bytes]:
    """Write the files of a part; equal tables give equal bytes.

    Args:
        tables: of `PHOTOS`, `FACES` and `PICTURES`.
        fingerprint: of the scan.
        dimension: D, of the embeddings.
        decoders: what decoded the photos: others may read those that have a problem.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = {}
    for name, table in tables.items():
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        files[name] = sink.getvalue().to_pybytes()
    cards = {
        name: FileCard(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for name, content in files.items()
    }
    card = PartCard(
        fingerprint=fingerprint, dimension=dimension, decoders=decoders, files=cards
    )
    return {**files, CARD: card.model_dump_json(indent=2).encode()}


def read_part(
    parts: PartFolder, part: str, names: Sequence[str], of: ScanKind
) -> tuple[list[Any], str]:
    """Read files of a part, and check that all are there.

    Returns:
        A table for each name, and the decoders; "" if they were not recorded.

    Raises:
        DamagedPartError: one is missing or not what was written.
        OSError: the system does not let it be read; nothing says that it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    contents, decoders = _read_files(parts, part, names, of)
    try:
        tables = [pq.read_table(pa.BufferReader(content)) for content in contents]
        for table in tables:
            table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:  # of Parquet, no file
        raise DamagedPartError(f"no Parquet: {error}") from error
    return tables, decoders


def stream_part(
    parts: PartFolder, part: str, name: str, of: ScanKind, schema: Any, rows: int
) -> Iterator[Any]:
    """Read one file of a part in batches.

    As a table, the pictures of a part take several times the memory of their file.

    Args:
        parts: of the scan.
        part: its name.
        name: of the file.
        of: fingerprint and dimension of the scan.
        schema: of the file.
        rows: of a batch.

    Raises:
        DamagedPartError, OSError: see `read_part`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    [content], _ = _read_files(parts, part, [name], of)
    try:
        file = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False)
        if file.schema_arrow != schema:
            raise DamagedPartError(f"{name} has other columns")
        for batch in file.iter_batches(rows, use_threads=False):
            batch.validate(full=True)
            yield batch
    except (pa.ArrowException, OSError, ValueError) as error:  # of Parquet, no file
        raise DamagedPartError(f"no Parquet: {error}") from error


def _read_files(
    parts: PartFolder, part: str, names: Sequence[str], of: ScanKind
) -> tuple[list[bytes], str]:
    """Read files of a part and its decoders; see `read_part`."""
    try:
        card = PartCard.model_validate_json(parts.read(part, CARD))
        fingerprint, dimension = of
        if card.dimension != dimension:
            raise DamagedPartError(f"embeddings of {card.dimension} dimensions")
        if card.fingerprint not in {None, fingerprint}:
            raise DamagedPartError("it is of another fingerprint")
        for name in (PHOTOS, FACES, PICTURES):
            if name not in names and (
                parts.measure(part, name) != card.files[name].size
            ):
                raise DamagedPartError(f"{name} has another size")
        contents = [parts.read(part, name) for name in names]
        for name, content in zip(names, contents, strict=True):
            if hashlib.sha256(content).hexdigest() != card.files[name].sha256:
                raise DamagedPartError(f"{name} has another content")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise DamagedPartError(error.strerror or "a file is missing") from error
    except (ValidationError, KeyError) as error:
        raise DamagedPartError(f"{CARD} cannot be read") from error
    return contents, card.decoders

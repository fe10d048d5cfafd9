"""One part of the scans on disk, and how a damaged one is told from a whole one."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lfw17_kedro.digest import hash_file

PHOTOS, FACES, PICTURES = "photos.parquet", "faces.parquet", "pictures.parquet"
CARD = "part.json"  # SHA-256 and size of the others


class DamagedError(Exception):
    """A part is not what was written."""


def write_part(part: Path, tables: Mapping[str, Any], dimension: int) -> None:
    """Write the files of a part."""
    import pyarrow.parquet as pq

    part.mkdir()
    files = {}
    for name, table in tables.items():
        pq.write_table(table, part / name)
        size = (part / name).stat().st_size
        files[name] = {"sha256": hash_file(part / name), "size": size}
    card = {"dimension": dimension, "files": files}
    (part / CARD).write_text(json.dumps(card, indent=2), encoding="utf-8")


def read_part(part: Path, names: Sequence[str], dimension: int) -> list[Any]:
    """Read files of a part, and check that all are there.

    Raises:
        DamagedError: one is missing or not what was written.
        OSError: the system does not let it be read; nothing says that it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        card = json.loads((part / CARD).read_bytes())
        if card["dimension"] != dimension:
            raise DamagedError(f"embeddings of {card['dimension']} dimensions")
        for name in (PHOTOS, FACES, PICTURES):
            if (part / name).stat().st_size != card["files"][name]["size"]:
                raise DamagedError(f"{name} has another size")
        contents = [(part / name).read_bytes() for name in names]
        for name, content in zip(names, contents, strict=True):
            if hashlib.sha256(content).hexdigest() != card["files"][name]["sha256"]:
                raise DamagedError(f"{name} has another content")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise DamagedError(error.strerror) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError(f"{CARD} cannot be read") from error
    try:
        tables = [pq.read_table(pa.BufferReader(content)) for content in contents]
        for table in tables:
            table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:  # of Parquet, no file
        raise DamagedError(f"no Parquet: {error}") from error
    return tables

"""The file of the run record: changed under a lock, and replaced where it is damaged.

Each run that ends leaves a copy beside it, `.run.copy.json`.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock
from kedro.io import DataCatalog, DatasetError
from pydantic import ValidationError

from lfw17_kedro.datasets.save_errors import NO_ROOM, explain_error
from lfw17_kedro.files.atomic import atomic_write
from lfw17_kedro.hooks.node_calls import RECORD, find_stored
from lfw17_kedro.lineage.run_record import Record, RunRecord, start_record
from lfw17_kedro.messages import one_line

LOCK_SECONDS = 10  # how long to wait for another process that writes the record
MAX_COPY = 64 << 20  # bytes; more is no record


def find_record(catalog: DataCatalog) -> Path | None:
    """Give the path of the record, None without one in the catalog."""
    dataset = find_stored(catalog, RECORD)
    return Path(dataset._describe()["filepath"]) if dataset else None


def update_record(
    catalog: DataCatalog, path: Path, change: Callable[[Record], Record]
) -> Record:
    """Change the record on disk; other threads and processes may do so as well.

    Args:
        catalog: has the record.
        path: of the record.
        change: gives the new record; the old one is not changed.

    Returns:
        The new record.

    Raises:
        Timeout: another process has held the lock for too long.
        DatasetError: the record cannot be locked or written; says what to do.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock).acquire(timeout=LOCK_SECONDS)
    except TimeoutError:
        raise
    except OSError as error:
        problem = f"{error}; change the rights of that file, or remove it."
        if error.errno in NO_ROOM:
            problem = explain_error(error)
        raise DatasetError(
            f"{lock}: expected to lock the run record, got: {problem}"
        ) from error
    with held:
        if stored := find_stored(catalog, RECORD):
            stored.clear_parts()
        record, on_disk = _load_record(catalog, path)
        if (changed := change(record)) != on_disk:
            catalog.save(RECORD, changed)
    return changed


def copy_record(catalog: DataCatalog, record: Record) -> None:
    """Write the copy of a record."""
    path = find_record(catalog)
    if path is not None:
        with atomic_write(find_copy(path)) as part:
            part.write_text(json.dumps(record), encoding="utf-8")


def find_copy(path: Path) -> Path:
    """Give the path of the record's copy, which each run makes when it ends."""
    return path.with_name(f".{path.stem}.copy{path.suffix}")


def _load_record(catalog: DataCatalog, path: Path) -> tuple[Record, Record | None]:
    """Load the record; take its copy, or an empty one, for one that is damaged.

    Returns:
        The record, and what the disk has of it: None if that is damaged.
    """
    empty = start_record()
    try:
        dataset = find_stored(catalog, RECORD)
        if dataset is None or dataset.check() is None:
            return empty, empty
        record = _check_record(catalog.load(RECORD))
        return record, record
    except DatasetError as error:
        reason = str(error)
    copy = find_copy(path)
    try:
        record = _check_record(_read_copy(copy))
        what = f"replaced by {copy.name}, the copy of the last run that ended"
    except (OSError, ValueError, RecursionError, DatasetError):
        record = empty
        what = "started afresh, so the report does not show earlier runs"
    logging.getLogger(__name__).warning("%s: %s; %s", path, what, reason)
    return record, None


def _read_copy(copy: Path) -> Any:
    """Read the copy of the record, within a limit."""
    with copy.open("rb") as file:
        content = file.read(MAX_COPY + 1)
    if len(content) > MAX_COPY:
        raise ValueError(f"{copy} is larger than {MAX_COPY} bytes")
    return json.loads(content.decode())


def _check_record(record: Any) -> Record:
    """Refuse what has not the shape of a record."""
    try:
        RunRecord.model_validate(record)
        json.dumps(record, ensure_ascii=False).encode()  # may hold half a character
    except UnicodeEncodeError as error:
        raise DatasetError(f"it is not a run record: {one_line(error)}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DatasetError(
            f"it is not a run record: {place or 'the file'}: {first['msg']}"
        ) from None
    return dict(record)

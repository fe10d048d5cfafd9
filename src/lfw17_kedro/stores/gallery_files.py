"""The gallery on disk: one folder of Parquet and JSON, nothing pickled.

`faces.parquet`: a row per face, with its embedding. `people.parquet`: a row per person,
with the template. `scores.parquet`: the scores that the threshold rests on.
`cohort.parquet`: a row per face of a stranger, with its embedding. `gallery.json`: the
threshold, the fingerprint of the embeddings, the settings they were made with, the
hashes of the other files, and a hash of all that.
"""

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from lfw17_kedro.files.atomic import atomic_write, recover
from lfw17_kedro.gallery_types import (
    GALLERY_COLUMNS,
    SCORE_KINDS,
    Cohort,
    Gallery,
    GallerySettings,
    OpenSetThreshold,
)
from lfw17_kedro.lineage.digest import hash_data, hash_file
from lfw17_kedro.messages import describe_error, one_line
from lfw17_kedro.stores.gallery_check import check_gallery
from lfw17_kedro.stores.vector_columns import make_column, read_column

FACES, PEOPLE, SCORES = "faces.parquet", "people.parquet", "scores.parquet"
COHORT = "cohort.parquet"
TABLES = (FACES, PEOPLE, SCORES, COHORT)
CARD = "gallery.json"
CHECKSUM = "checksum"  # of the card without it; older cards have none
VERSION = 1  # of this format
# What wrong values in the card or the tables raise.
WRONG = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


def write_gallery(gallery: Gallery, folder: Path) -> None:
    """Write a gallery into a folder that does not exist yet.

    Raises:
        ValueError: its parts do not fit together.
        OSError: the disk is full, or the folder is there already.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_gallery(gallery)
    folder.mkdir(parents=True)
    faces = pa.Table.from_pandas(gallery.faces, preserve_index=False)
    faces = faces.append_column("vector", make_column(gallery.vectors))
    people = pa.table({"person": pa.array(gallery.people, pa.string())})
    people = people.append_column("template", make_column(gallery.templates))
    threshold = gallery.threshold
    scores = {kind: getattr(threshold, kind) for kind in SCORE_KINDS}
    kinds = [kind for kind, values in scores.items() for _ in values]
    table = {
        "kind": pa.array(kinds, pa.string()),
        "score": np.concatenate([*scores.values()]),
    }
    pq.write_table(faces, folder / FACES)
    pq.write_table(people, folder / PEOPLE)
    pq.write_table(pa.table(table), folder / SCORES)
    strangers = pa.table({"person": pa.array(gallery.cohort.people, pa.string())})
    cohort = gallery.cohort.vectors.reshape(-1, gallery.vectors.shape[1])
    strangers = strangers.append_column("vector", make_column(cohort))
    pq.write_table(strangers, folder / COHORT, use_dictionary=["person"])
    card = {
        "version": VERSION,
        "files": {file.name: hash_file(file) for file in sorted(folder.iterdir())},
        "fingerprint": gallery.fingerprint,
        "dimension": gallery.vectors.shape[1],
        "people": len(gallery.people),
        "photos": len(gallery.faces),
        "threshold": threshold.value,
        "false_accept_rate": threshold.rate,
        "attainable_rate": threshold.attainable_rate,
        "impostors": {kind: len(scores[kind]) for kind in SCORE_KINDS[:2]},
        "settings": _dump_settings(gallery.settings),
    }
    text = json.dumps(card | {CHECKSUM: _hash_card(card)}, indent=2) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")


def replace_gallery(gallery: Gallery, folder: Path) -> None:
    """Write a gallery, whole or not at all, in the place of another or of nothing.

    Raises:
        ValueError: something else lies there.
        OSError: the disk is full, or the folder cannot be written to.
    """
    recover(folder)
    _check_replaceable(folder)
    # Once more just before: somebody may have put a file there meanwhile.
    with atomic_write(folder, lambda _: _check_replaceable(folder)) as part:
        write_gallery(gallery, part)


def _check_replaceable(folder: Path) -> None:
    """Refuse a folder that holds anything but a gallery."""
    try:
        found = {one.name for one in folder.iterdir()}
    except FileNotFoundError:
        return
    except NotADirectoryError:
        found = {"a file"}
    if other := sorted(found - {*TABLES, CARD}):
        raise ValueError(
            f"expected a new folder or a gallery at {folder}, got "
            f"{one_line(', '.join(other))}; name another folder."
        )


def read_gallery(folder: Path, remedy: str = "enrol again") -> Gallery:
    """Read a gallery.

    Args:
        folder: of the gallery.
        remedy: what the user can do about one that cannot be read.

    Raises:
        ValueError: a file is missing, damaged or of another version, or the system
            does not let it be read.
    """
    import pyarrow as pa

    try:
        recover(folder)
        try:
            gallery = _read(folder)
        except (OSError, *WRONG):  # another process may just have replaced it
            gallery = _read(folder)
        check_gallery(gallery)
    except PermissionError as error:
        raise ValueError(
            f"expected a gallery in {folder}, got: {one_line(error)}; change the "
            "rights of the folder and its files."
        ) from error
    except (OSError, pa.ArrowException, *WRONG) as error:
        reason = describe_error(error)
        if isinstance(error, KeyError):
            reason = f"no {reason}"
        raise ValueError(
            f"expected a gallery in {folder}, got: {reason}; {remedy}."
        ) from error
    return gallery


def _read(folder: Path) -> Gallery:
    """Read a gallery; raises whatever the libraries raise."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    if card["version"] != VERSION:
        raise ValueError(f"one of version {card['version']}, not {VERSION}")
    checksum = card.pop(CHECKSUM, None)
    if checksum is not None and checksum != _hash_card(card):
        raise ValueError(f"a damaged {CARD}")
    tables = []
    for name in TABLES:
        content = (folder / name).read_bytes()  # once: what is hashed is what is read
        if hashlib.sha256(content).hexdigest() != card["files"][name]:
            raise ValueError(f"a damaged {name}")
        tables.append(pq.read_table(pa.BufferReader(content)))
    dimension = int(card["dimension"])
    faces, people, scores, strangers = tables
    table = scores.to_pandas()
    of_kind = {
        kind: table.loc[table["kind"] == kind, "score"].to_numpy(np.float64)
        for kind in SCORE_KINDS
    }
    return Gallery(
        people=tuple(people["person"].to_pylist()),
        faces=faces.drop_columns(["vector"]).to_pandas()[[*GALLERY_COLUMNS]],
        vectors=read_column(faces["vector"], dimension),
        templates=read_column(people["template"], dimension),
        threshold=OpenSetThreshold(
            value=float(card["threshold"]),
            rate=float(card["false_accept_rate"]),
            attainable_rate=float(card["attainable_rate"]),
            **of_kind,
        ),
        fingerprint=str(card["fingerprint"]),
        cohort=Cohort(
            tuple(strangers["person"].to_pylist()),
            read_column(strangers["vector"], dimension),
        ),
        settings=_load_settings(card["settings"]),
    )


def _hash_card(card: dict[str, Any]) -> str:
    """Hash the values of a card, however they are laid out."""
    return hash_data(json.dumps(card, sort_keys=True))


def _dump_settings(settings: GallerySettings | None) -> dict[str, Any] | None:
    """Give settings as what JSON knows."""
    if settings is None:
        return None
    return vars(settings) | {"encoder_options": settings.encoder_options._asdict()}


def _load_settings(settings: Any) -> GallerySettings | None:
    """Read settings; raises a ValueError for an unknown, missing or wrong one."""
    from pydantic import TypeAdapter, ValidationError

    if settings is None:
        return None
    known = {field.name for field in fields(GallerySettings)}
    if set(settings) != known:
        names = ", ".join(sorted(set(settings) ^ known))
        raise ValueError(f"settings that are missing or unknown: {names}")
    text = json.dumps(settings)
    try:
        return TypeAdapter(GallerySettings).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ").removesuffix(".")
        raise ValueError(f"settings.{name}: {reason}" if name else reason) from error

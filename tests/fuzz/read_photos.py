"""Read photos, faces and what is kept of them from bytes."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.fuzz.zip_format import unpack

MAX_PIXELS = 20_000_000  # of a user's photo here: 200 megapixels take over a gigabyte


def read_photo(data: bytes, folder: Path) -> Any:
    from lfw17_kedro.datasets import JpgFolderDataset

    (folder / "a.jpg").write_bytes(data)
    return JpgFolderDataset(filepath=str(folder)).load()["a"]


def read_upright(data: bytes, _: Path) -> Any:
    """Decode a user's photo, in its full size and reduced."""
    from lfw17_kedro.photos import decoding

    decoding.MAX_USER_PIXELS = MAX_PIXELS
    decoding.decode_upright(data, "a.jpg", 64)
    return decoding.decode_upright(data, "a.jpg")


def _seal(folder: Path, card: str) -> None:
    """Write the SHA-256 and size of the files anew, so that they are read.

    The card's own checksum is left out, as in older cards.
    """
    try:
        content = json.loads((folder / card).read_bytes())
        for name, known in content["files"].items():
            file = (folder / name).read_bytes()
            sha256 = hashlib.sha256(file).hexdigest()
            size = len(file)
            is_part = isinstance(known, dict)
            new = {"sha256": sha256, "size": size} if is_part else sha256
            content["files"][name] = new
        content.pop("checksum", None)
        (folder / card).write_text(json.dumps(content))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass


def read_scan(data: bytes, folder: Path) -> Any:
    """Read a part of the scans; a damaged one is set aside."""
    from lfw17_kedro.stores.scan_store import ScanStore

    part = unpack(data, folder)
    _seal(part, "part.json")
    (folder / "f").mkdir()
    part.rename(folder / "f" / f"part-{0:016}")
    store = ScanStore(folder, "f", 4)
    seeded = [hashlib.sha256(name).hexdigest() for name in (b"a", b"b")]
    is_known = store.is_known(seeded)
    known = {one for one, there in zip(seeded, is_known, strict=True) if there}
    scan = store.read(known)
    assert len(scan.vectors) == len(scan.faces)
    assert set(scan.faces["sha256"]) <= known == set(scan.photos["sha256"])
    return scan, [*store.read_pictures(known)]


def read_gallery_bundle(data: bytes, folder: Path) -> Any:
    from lfw17_kedro.stores.gallery_files import read_gallery

    gallery = unpack(data, folder)
    _seal(gallery, "gallery.json")
    return read_gallery(gallery)


def read_corrections(data: bytes, _: Path) -> Any:
    from lfw17_kedro.people.corrections import parse_corrections
    from lfw17_kedro.people.corrections_file import read_corrections_table

    return parse_corrections(read_corrections_table(data))


def read_pgm(data: bytes, _: Path) -> Any:
    from lfw17_kedro.datasets.face_sources import orl

    return orl._decode(data, 50, 37)


def read_records(data: bytes, folder: Path) -> Any:
    from lfw17_kedro.datasets import TFRecordDataset

    splits = TFRecordDataset(filepath=str(unpack(data, folder))).load()
    return [list(stream) for stream in splits.values() if len(stream) >= 0]


def read_raw_faces(data: bytes, folder: Path) -> Any:
    from lfw17_kedro.datasets.face_sources import SOURCES
    from lfw17_kedro.faces.validate import check_faces

    path = unpack(data, folder)
    raw = SOURCES["npy"](filepath=str(path), class_names=["Ann", "Bob"])
    return check_faces(raw, 3, 2)

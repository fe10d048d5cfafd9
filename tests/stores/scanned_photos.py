"""What invented photos show, what a scan store has of it, and how it is damaged."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lfw17_kedro.scan_types import BOX, FACE_COLUMNS, LANDMARKS, PHOTO_COLUMNS, Scanned

D = 3
FILES = ("photos.parquet", "faces.parquet", "pictures.parquet", "part.json")


def hash_name(name):
    return hashlib.sha256(str(name).encode()).hexdigest()


def make_scanned(name, faces=1, dimension=D, **changes):
    """Make what a photo shows; every number tells the photo and the face."""
    number = int(hash_name(name)[:4], 16)
    numbers = number + np.arange(faces) / 8
    vectors = np.zeros((faces, dimension), np.float32)
    vectors[np.arange(faces), (number + np.arange(faces)) % dimension] = 1
    fields = {
        "height": number,
        "width": number + 1,
        "orientation": 6,
        "turned": 90,
        "picture_hash": f"{number:016x}",
        "picture": f"photo {name}".encode(),
        "boxes": numbers[:, None] + np.arange(4),
        "landmarks": numbers[:, None, None] + np.arange(10).reshape(5, 2),
        "detection": numbers / 1e6,
        "sharpness": numbers * 2,
        "extent": numbers * 3,
        "vectors": vectors,
        "face_pictures": tuple(f"face {name} {n}".encode() for n in range(faces)),
    }
    return Scanned(hash_name(name), **fields | changes)


def list_known(store):
    """List the SHA-256 of all photos of a store, by the names that the tests use."""
    names = [*range(2100), *map(str, range(100)), *"abcdef", "shared"]
    hashes = [hash_name(name) for name in names]
    return {
        one for one, known in zip(hashes, store.is_known(hashes), strict=True) if known
    }


def list_parts(tmp_path):
    return sorted((tmp_path / "scan/f").glob("part-*"))


def check_scan(scan, photos):
    """Check that a scan says of photos what was added, in this order."""
    assert list(scan.photos.columns) == list(PHOTO_COLUMNS)
    assert list(scan.faces.columns) == list(FACE_COLUMNS)
    for name in PHOTO_COLUMNS:
        assert scan.photos[name].tolist() == [getattr(one, name) for one in photos]
    ids = [one.sha256 for one in photos for _ in one.boxes]
    assert scan.faces["sha256"].tolist() == ids
    assert scan.vectors.dtype == np.float32
    assert scan.vectors.shape[0] == len(ids)
    if not ids:
        return
    for names, field in ((BOX, "boxes"), (LANDMARKS, "landmarks")):
        expected = [getattr(one, field).reshape(-1, len(names)) for one in photos]
        np.testing.assert_array_equal(scan.faces[[*names]], np.concatenate(expected))
    for name in ("detection", "sharpness", "extent"):
        expected = np.concatenate([getattr(one, name) for one in photos])
        np.testing.assert_array_equal(scan.faces[name], expected)
    expected = np.concatenate([one.vectors for one in photos if len(one.boxes)])
    np.testing.assert_array_equal(scan.vectors, expected)


def damage(file, kind):
    content = file.read_bytes()
    match kind:
        case "cut":
            file.write_bytes(content[:-9])
        case "flip":
            at = len(content) // 2
            file.write_bytes(
                content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
            )
        case "empty":
            file.write_bytes(b"")
        case "missing":
            file.unlink()
        case "folder":
            file.unlink()
            file.mkdir()
        case "columns":
            pq.write_table(pa.table({"x": [1]}), file)
        case "type":
            numbers = pa.table({name: pa.array([1]) for name in PHOTO_COLUMNS})
            pq.write_table(numbers, file)
        case "text":
            file.write_text("[]")
        case "number":
            file.write_text("1")
        case "nothing in it":
            file.write_text('{"dimension": 3, "files": {"photos.parquet": 1}}')


def read_all(store, hashes):
    """Read every file of the parts that photos are in."""
    return store.read(hashes), list(store.read_pictures(hashes))

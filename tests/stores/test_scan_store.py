"""`ScanStore`: what is kept, what a killed run or a damaged disk leaves of it."""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfw17_kedro.atomic import name_machine
from lfw17_kedro.photo_formats import describe_decoders
from lfw17_kedro.scan_types import BOX, FACE_COLUMNS, LANDMARKS, PHOTO_COLUMNS, Scanned
from lfw17_kedro.stores import part_reader, scan_store
from lfw17_kedro.stores.scan_parts import encode_part
from lfw17_kedro.stores.scan_store import ScanStore

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


@pytest.fixture
def open_store(tmp_path):
    return lambda fingerprint="f", dimension=D: ScanStore(
        tmp_path / "scan", fingerprint, dimension
    )


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


def test_empty_store_has_nothing(open_store, tmp_path):
    store = open_store()
    store.add([])

    assert list_known(store) == set()
    assert store.find("00") is None
    assert list(store.read_pictures(["x"])) == []
    scan = store.read([])
    check_scan(scan, [])
    assert scan.vectors.shape == (0, D)
    assert scan.fingerprint == "f"
    assert not (tmp_path / "scan").exists()


@settings(max_examples=25)
@given(
    parts=st.lists(st.lists(st.integers(0, 12), max_size=5), max_size=4),
    data=st.data(),
)
def test_photos_come_back_in_the_order_asked_for(tmp_path_factory, parts, data):
    folder = tmp_path_factory.mktemp("store")
    store = ScanStore(folder, "f", D)
    photos = {n: make_scanned(n, faces=n % 4) for part in parts for n in part}
    for part in parts:
        store.add([photos[n] for n in part])
    wanted = data.draw(
        st.lists(st.sampled_from(sorted(photos)), unique=True)
        if photos
        else st.just([])
    )

    for one in (store, ScanStore(folder, "f", D)):
        assert list_known(one) == {photo.sha256 for photo in photos.values()}
        check_scan(
            one.read(photos[n].sha256 for n in wanted), [photos[n] for n in wanted]
        )
        pictures = list(one.read_pictures([photos[n].sha256 for n in wanted]))
        assert {(p.sha256, p.face): p.jpg for p in pictures} == {
            (photos[n].sha256, face): jpg
            for n in wanted
            for face, jpg in enumerate(
                (photos[n].picture, *photos[n].face_pictures), start=-1
            )
        }
        assert len(pictures) == sum(1 + n % 4 for n in wanted)


def test_types_are_those_of_the_columns(open_store):
    store = open_store()
    store.add([make_scanned("a")])
    photos, faces = (store.read([hash_name("a")]).photos, store.read([]).faces)

    assert photos.dtypes[["height", "width", "orientation", "turned"]].eq("int64").all()
    assert faces.dtypes[[*FACE_COLUMNS][1:]].eq("float64").all()


def test_photo_not_scanned_is_named(open_store):
    store = open_store()
    store.add([make_scanned("a")])

    with pytest.raises(KeyError, match="expected scanned photos, got an .* one: xyz"):
        store.read([hash_name("a"), "xyz"])


def test_scans_of_another_fingerprint_are_not_mixed(open_store):
    open_store("f").add([make_scanned("a")])
    open_store("g").add([make_scanned("b")])

    assert list_known(open_store("f")) == {hash_name("a")}
    assert list_known(open_store("g")) == {hash_name("b")}


def test_photo_whose_file_is_gone_is_not_kept(open_store, tmp_path):
    gone = Scanned(hash_name("a"), "removed", is_gone=True)
    store = open_store()
    store.add([gone])
    assert not (tmp_path / "scan").exists()

    store.add([gone, make_scanned("b")])
    assert list_known(store) == {hash_name("b")}


def test_photo_that_cannot_be_decoded_waits_for_other_decoders(open_store, monkeypatch):
    damaged = Scanned(hash_name("a"), "damaged")
    open_store().add([damaged, make_scanned("b")])
    assert list_known(open_store()) == {hash_name("a"), hash_name("b")}
    photos = open_store().read([hash_name("b"), hash_name("a")]).photos
    assert photos["problem"].tolist() == ["", "damaged"]

    monkeypatch.setattr(scan_store, "describe_decoders", lambda: "newer")
    assert list_known(open_store()) == {hash_name("b")}
    open_store().add([make_scanned("a", faces=2)])
    assert list_known(open_store()) == {hash_name("a"), hash_name("b")}
    check_scan(open_store().read([hash_name("a")]), [make_scanned("a", faces=2)])
    assert open_store().find(hash_name("a")[:16]) == hash_name("a")


def test_equal_photos_make_equal_parts(tmp_path):
    stores = [ScanStore(tmp_path / name, "f", D) for name in "xy"]
    for store in stores:
        store.add([make_scanned("a", 2), Scanned(hash_name("b"), "damaged")])

    [one, other] = [
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in "xy"
    ]
    assert one == other
    assert len(one) == len(FILES)


def test_photo_added_twice_counts_once(open_store):
    store, twice = open_store(), make_scanned("a", faces=2)
    store.add([twice, make_scanned("b"), twice])
    open_store().add([make_scanned("c"), twice])

    for one in (store, open_store()):
        assert len(list_known(one)) == 3
        check_scan(one.read([twice.sha256]), [twice])
        faces = [picture.face for picture in one.read_pictures([twice.sha256] * 2)]
        assert faces == [-1, 0, 1]


def test_first_of_two_different_scans_counts_with_its_own_pictures(open_store):
    for faces in (1, 3):  # another version of a library, for example
        open_store().add([make_scanned("a", faces)])
    store = open_store()

    assert len(store.read([hash_name("a")]).faces) == 1
    assert len(list(store.read_pictures([hash_name("a")]))) == 2


def test_photos_searched_again_with_other_decoders_make_a_part_of_their_own(
    open_store, tmp_path, monkeypatch
):
    open_store().add([Scanned(hash_name("a"), "damaged")])
    monkeypatch.setattr(scan_store, "describe_decoders", lambda: "newer")
    open_store().add([make_scanned("a", 2)])

    assert len(list_parts(tmp_path)) == 2
    check_scan(open_store().read([hash_name("a")]), [make_scanned("a", 2)])


def test_find_gives_the_photo_that_starts_with_digits(open_store):
    store = open_store()
    store.add([make_scanned(n) for n in range(50)])

    for n in range(50):
        assert store.find(hash_name(n)[:16]) == hash_name(n)
        assert store.find(hash_name(n)) == hash_name(n)
    assert store.find("f" * 64) is None
    assert store.find("0" * 16) is None
    assert store.find(hash_name(0) + "0") is None


def test_what_was_read_is_not_read_again(open_store, tmp_path, monkeypatch):
    opened = []
    read = part_reader.read_part
    monkeypatch.setattr(
        part_reader, "read_part", lambda *args: opened.append(args[1:3]) or read(*args)
    )
    open_store().add([make_scanned("a")])
    store = open_store()
    for _ in range(5):
        list_known(store)
        store.find("00")
    [part] = list_parts(tmp_path)
    assert opened == [(part.name, ["photos.parquet"])]  # no faces

    store.add([make_scanned("b")])
    open_store().add([make_scanned("c")])  # another process, for example
    assert list_known(store) == {hash_name(name) for name in "abc"}
    assert sorted(opened) == [
        (part.name, ["photos.parquet"]) for part in list_parts(tmp_path)
    ]


def test_only_parts_with_the_pictures_are_read(open_store, tmp_path, caplog):
    store = open_store()
    store.add([make_scanned("a")])
    [a] = list_parts(tmp_path)
    store.add([make_scanned("b")])
    list_known(store)
    damage(a / "pictures.parquet", "flip")

    assert len(list(store.read_pictures([hash_name("b")]))) == 2
    assert not caplog.messages


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_pictures_are_read_in_batches(open_store, monkeypatch, rows):
    monkeypatch.setattr(part_reader, "PICTURES_AT_ONCE", rows)
    store = open_store()
    store.add([make_scanned("a", 2), make_scanned("b"), make_scanned("c")])

    pictures = list(store.read_pictures([hash_name("c"), hash_name("a")]))

    expected = [("a", -1), ("a", 0), ("a", 1), ("c", -1), ("c", 0)]
    assert [(one.sha256, one.face) for one in pictures] == [
        (hash_name(name), face) for name, face in expected
    ]


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


KINDS = ("cut", "flip", "empty", "missing", "folder", "columns", "type", "text")


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        (file, kind)
        for file in FILES
        for kind in [*KINDS, "number", "nothing in it"]
        # What is wrong with the faces then is noticed later, see below.
        if (file, kind) not in [("faces.parquet", "flip"), ("part.json", "flip")]
    ],
)
def test_damaged_part_is_set_aside_and_scanned_again(
    open_store, tmp_path, caplog, file, kind
):
    open_store().add([make_scanned("a", 2), make_scanned("b")])
    [part] = list_parts(tmp_path)
    open_store().add([make_scanned("c")])
    damage(part / file, kind)
    caplog.set_level(logging.WARNING)

    store = open_store()
    list_known(store)
    pictures = list(store.read_pictures([hash_name(name) for name in "abc"]))
    assert {one.sha256 for one in pictures} == {hash_name("c")}

    for one in (store, open_store()):  # now, and in the next run
        assert list_known(one) == {hash_name("c")}
    [message] = caplog.messages
    assert message.startswith(f"{part} is damaged (")
    assert message.endswith("its photos are scanned again by the next search.")
    assert (part.parent / f"{part.name}.damaged").is_dir()
    store.add([make_scanned("a", 2), make_scanned("b")])
    check_scan(open_store().read([hash_name("a")]), [make_scanned("a", 2)])


@pytest.mark.parametrize("kind", ["flip", "flip the card", "faces of other photos"])
def test_damaged_faces_of_the_right_size_are_noticed_when_they_are_read(
    open_store, tmp_path, caplog, kind
):
    photos = [make_scanned("a", 2), make_scanned("b")]
    open_store().add(photos)
    [part] = list_parts(tmp_path)
    open_store().add([make_scanned("c")])
    if kind == "flip":
        damage(part / "faces.parquet", "flip")
    elif kind == "flip the card":  # the SHA-256 of the faces
        card = part / "part.json"
        at = card.read_text().index("sha256", card.read_text().index("faces")) + 12
        content = bytearray(card.read_bytes())
        content[at] = ord("0") + (content[at] == ord("0"))
        card.write_bytes(content)
    else:  # written as a whole part, by another program
        tables = [pq.read_table(part / file) for file in FILES[:3]]
        tables[1] = tables[1].take([2, 1, 0])
        files = encode_part(
            dict(zip(FILES[:3], tables, strict=True)), "f", D, describe_decoders()
        )
        for file, content in files.items():
            (part / file).write_bytes(content)
    store = open_store()
    hashes = [one.sha256 for one in photos]
    # The vectors of all photos are not read to know the photos: that took seconds and
    # gigabytes at each start. So a run ends once, where it ended never.
    assert store.is_known(hashes).all()
    assert not caplog.messages

    with pytest.raises(OSError, match="got a part that is damaged or gone; run again"):
        store.read(hashes)

    for one in (store, open_store()):  # now, and in the next run
        assert list_known(one) == {hash_name("c")}
    [message] = caplog.messages
    assert message.startswith(f"{part} is damaged (")
    store.add(photos)
    check_scan(open_store().read(hashes), photos)


@pytest.mark.parametrize("file", FILES[:3])
def test_file_of_another_part_is_damage(open_store, tmp_path, file):
    open_store().add([make_scanned("a")])
    open_store().add([make_scanned("b")])
    one, other = list_parts(tmp_path)
    (one / file).write_bytes((other / file).read_bytes())

    store = open_store()
    known = list_known(store)
    list(store.read_pictures(known))
    with suppress(OSError):  # if it is the faces, see above
        store.read(list_known(store))

    assert len(list_known(store)) == 1
    assert len(list_known(open_store())) == 1


def test_damage_beside_earlier_damage_of_the_same_part(open_store, tmp_path):
    for _ in range(2):
        open_store().add([make_scanned("a")])
        [part] = set(list_parts(tmp_path)) - set(tmp_path.rglob("*.damaged"))
        part = part.rename(part.with_name(f"part-{'0' * 16}"))
        damage(part / "faces.parquet", "cut")
        assert list_known(open_store()) == set()
    assert [one.name for one in list_parts(tmp_path)] == [f"part-{'0' * 16}.damaged"]


def test_embeddings_of_another_dimension(open_store, caplog):
    open_store().add([make_scanned("a")])

    with pytest.raises(
        ValueError, match=r"expected embeddings of shape \(1, 3\), got "
    ):
        open_store().add([make_scanned("b", dimension=4)])
    assert list_known(open_store(dimension=4)) == set()
    assert "embeddings of 3 dimensions" in caplog.text


def test_part_of_another_fingerprint_is_set_aside(open_store, tmp_path, caplog):
    open_store("g").add([make_scanned("a")])
    [part] = (tmp_path / "scan/g").glob("part-*")
    shutil.copytree(part, tmp_path / "scan/f" / part.name)

    assert list_known(open_store("f")) == set()
    assert "it is of another fingerprint" in caplog.text
    assert list_known(open_store("g")) == {hash_name("a")}


def test_folder_that_cannot_be_written_to_is_refused_before_work(open_store, tmp_path):
    open_store().prepare()
    assert [*(tmp_path / "scan/f").iterdir()] == []

    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"expected a folder to keep .*; name another"):
        ScanStore(tmp_path / "file", "f", D).prepare()


def test_foreign_files_are_ignored(open_store, tmp_path, caplog):
    open_store().add([make_scanned("a")])
    folder = tmp_path / "scan/f"
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "notes").mkdir()
    (folder / "part-of-mine").mkdir()
    (folder / f"part-{'1' * 16}").write_text("a file")
    (folder / "copy.damaged").mkdir()

    assert list_known(open_store()) == {hash_name("a")}
    assert not caplog.messages
    assert (folder / "notes").is_dir()


KILLED = """
import os, sys
from pathlib import Path
from lfw17_kedro import atomic
from lfw17_kedro.stores import scan_store
from tests.stores.test_scan_store import make_scanned

store = scan_store.ScanStore(Path(sys.argv[1]), "f", 3)
store.add([make_scanned("a")])
atomic.flush = lambda part: os.kill(os.getpid(), 9)  # all of it is written by then
store.add([make_scanned("b")])
"""


def test_kill_while_a_part_is_written_loses_that_part_alone(open_store, tmp_path):
    command = [sys.executable, "-c", KILLED, tmp_path / "scan"]
    assert subprocess.run(command, check=False).returncode == -9
    folder = tmp_path / "scan/f"
    assert len(list(folder.glob(".part-*"))) == 1

    store = open_store()
    assert list_known(store) == {hash_name("a")}
    store.add([make_scanned("b")])

    assert list_known(store) == {hash_name("a"), hash_name("b")}
    assert not list(folder.glob(".part-*"))  # what the killed process left is swept


def test_failed_write_leaves_nothing(open_store, tmp_path, monkeypatch):
    def fail(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="/f: expected to keep .* No space left .*; make"):
        open_store().add([make_scanned("a")])

    assert list((tmp_path / "scan/f").iterdir()) == []


@pytest.mark.parametrize("threads", [2, 6])
def test_stores_may_write_at_once(open_store, threads):
    def add(number):
        store = open_store()
        for n in range(4):
            store.add([make_scanned(10 * number + n), make_scanned("shared")])
            list_known(store)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(add, range(threads)))

    expected = {10 * t + n for t in range(threads) for n in range(4)} | {"shared"}
    store = open_store()
    assert list_known(store) == set(map(hash_name, expected))
    photos = [make_scanned(n) for n in sorted(map(str, expected))]
    check_scan(store.read(one.sha256 for one in photos), photos)


def test_part_that_another_process_sets_aside_meanwhile(open_store, tmp_path):
    open_store().add([make_scanned("a")])
    store = open_store()
    list_known(store)
    [part] = list_parts(tmp_path)
    damage(part / "pictures.parquet", "flip")
    list(open_store().read_pictures([hash_name("a")]))  # sets it aside

    assert not part.exists()
    with pytest.raises(OSError, match="got a part that is damaged or gone; run again"):
        store.read([hash_name("a")])
    assert list(store.read_pictures([hash_name("a")])) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
@pytest.mark.parametrize("file", [*FILES, ""])
def test_part_without_permission_is_no_damage(open_store, tmp_path, file):
    open_store().add([make_scanned("a")])
    [part] = list_parts(tmp_path)
    locked = part / file
    mode = locked.stat().st_mode
    locked.chmod(0)
    try:
        with pytest.raises(OSError, match=r"expected to read .*; change the rights"):
            read_all(open_store(), [hash_name("a")])
    finally:
        locked.chmod(mode)
    assert list_known(open_store()) == {hash_name("a")}


@pytest.mark.parametrize("error", [PermissionError(13, "Denied"), OSError(24, "Many")])
@pytest.mark.parametrize("file", FILES)
def test_errors_of_the_system_are_no_damage(
    open_store, tmp_path, monkeypatch, error, file
):
    open_store().add([make_scanned("a")])
    read_bytes = type(tmp_path).read_bytes

    def refuse(path):
        if path.name == file:
            raise error
        return read_bytes(path)

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "read_bytes", refuse)
        with pytest.raises(OSError, match=r"expected to read .*; change the rights"):
            read_all(open_store(), [hash_name("a")])

    assert list_known(open_store()) == {hash_name("a")}
    assert len(list_parts(tmp_path)) == 1


@pytest.mark.parametrize(
    "owner",
    ["1-01234567", f"{name_machine()}-1-01234567", "another_machine-4194305-01234567"],
)
def test_unfinished_parts_of_living_processes_stay(open_store, tmp_path, owner):
    unfinished = tmp_path / f"scan/f/.part-{'0' * 16}.{owner}.part"
    unfinished.mkdir(parents=True)

    open_store().add([make_scanned("a")])

    assert unfinished.is_dir()


@pytest.mark.parametrize("owner", ["4194305", f"{name_machine()}-4194305"])
def test_unfinished_parts_of_dead_processes_go(open_store, tmp_path, owner):
    unfinished = tmp_path / f"scan/f/.part-{'0' * 16}.{owner}-01234567.part"
    unfinished.mkdir(parents=True)  # above the greatest process id of Linux

    open_store().add([make_scanned("a")])

    assert not unfinished.exists()


def test_many_photos_are_found_one_by_one_in_seconds(tmp_path):
    store = ScanStore(tmp_path, "f", 128)
    vectors = np.eye(2, 128, dtype=np.float32)
    some = {n: make_scanned(n, n, 128, vectors=vectors[:n]) for n in (1, 2)}
    photos = [
        Scanned(**vars(some[1 + n % 2]) | {"sha256": hash_name(n)}) for n in range(2000)
    ]
    for start in range(0, 2000, 200):
        store.add(photos[start : start + 200])

    began = time.perf_counter()
    store = ScanStore(tmp_path, "f", 128)
    known = list_known(store)
    scan = store.read(known)
    for digits in sorted(known)[:200]:
        store.read([store.find(digits[:16])])
    spent = time.perf_counter() - began

    assert len(scan.faces) == 3000
    assert spent < 10  # 1 s; 20 s if each read all parts


def test_index_is_the_row(open_store):
    store = open_store()
    store.add([make_scanned(n, faces=n % 3) for n in range(9)])

    scan = store.read(sorted(list_known(store)))

    for table in (scan.photos, scan.faces):
        pd.testing.assert_index_equal(table.index, pd.RangeIndex(len(table)))


def test_a_file_in_place_of_the_folder_is_named(tmp_path, open_store):
    (tmp_path / "scan").write_text("no folder")

    with pytest.raises(OSError, match="scan.*expected a folder.*remove what is"):
        list_known(open_store())

"""`ScanStore`: what is kept of photos, and how it is found."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stores.scanned_photos import (
    FILES,
    D,
    check_scan,
    damage,
    hash_name,
    list_known,
    list_parts,
    make_scanned,
)

from lfw17_kedro.scan_types import FACE_COLUMNS, Scanned
from lfw17_kedro.stores import part_reader, scan_store
from lfw17_kedro.stores.scan_store import ScanStore


def test_empty_store_has_nothing(open_store, tmp_path):
    store = open_store()
    store.add([])

    assert list_known(store) == set()
    assert store.find(["00"]) == [None]
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
    assert open_store().find([hash_name("a")[:16]]) == [hash_name("a")]


def test_part_of_an_older_version_is_read(open_store, tmp_path):
    open_store().add([make_scanned("a", faces=2)])
    [part] = list_parts(tmp_path)
    card = json.loads((part / "part.json").read_text())
    del card["fingerprint"], card["decoders"]
    (part / "part.json").write_text(json.dumps(card))

    check_scan(open_store().read([hash_name("a")]), [make_scanned("a", faces=2)])


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

    names = [hash_name(n) for n in range(50)]
    assert store.find(name[:16] for name in names) == names
    assert store.find(names) == names
    nowhere = ["f" * 64, "0" * 16, hash_name(0) + "0"]
    assert store.find(nowhere) == [None] * 3


def test_threads_that_share_a_store_find_what_they_added(open_store, tmp_path):
    class Shared(ScanStore):
        """A store whose index another thread, which has seen less, sets just after."""

        @property
        def _index(self):
            return self.set_by_others or self.set_by_us

        @_index.setter
        def _index(self, index):
            self.set_by_us, self.set_by_others = index, self.older

        older = set_by_others = None

    store = Shared(tmp_path / "scan", "f", D)
    store.add([make_scanned("a")])
    list_known(store)
    store.older = store.set_by_us
    open_store().add([make_scanned("b")])

    assert list_known(store) == {hash_name("a"), hash_name("b")}


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
        store.find(["00"])
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


def test_photos_are_found_one_by_one_without_reading_all_parts(tmp_path, monkeypatch):
    opened = []
    read = part_reader.read_part
    monkeypatch.setattr(
        part_reader, "read_part", lambda *args: opened.append(args[1]) or read(*args)
    )
    store = ScanStore(tmp_path, "f", 128)
    vectors = np.eye(2, 128, dtype=np.float32)
    some = {n: make_scanned(n, n, 128, vectors=vectors[:n]) for n in (1, 2)}
    photos = [
        Scanned(**vars(some[1 + n % 2]) | {"sha256": hash_name(n)}) for n in range(2000)
    ]
    for start in range(0, 2000, 200):
        store.add(photos[start : start + 200])

    store = ScanStore(tmp_path, "f", 128)
    known = list_known(store)
    scan = store.read(known)
    before = len(opened)
    for digits in sorted(known)[:200]:
        store.read(store.find([digits[:16]]))

    assert len(scan.faces) == 3000
    assert before == 3 * 10  # photos for the index, photos and faces for the scan
    assert len(opened) - before == 2 * 200  # 4,000 if each read all parts


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

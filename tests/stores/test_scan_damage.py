"""`ScanStore`: what a damaged disk leaves of it."""

import logging
import shutil
from contextlib import suppress

import pyarrow.parquet as pq
import pytest
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

from lfw17_kedro.photos.formats import describe_decoders
from lfw17_kedro.stores.scan_parts import encode_part

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

"""`PartFolder` on a disk and in an object store; see also `test_scan_store`."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
from tests.stores.test_scan_store import check_scan, hash_name, list_known, make_scanned

from lfw17_kedro.stores.part_folder import CARD, RemoteParts, open_parts
from lfw17_kedro.stores.scan_store import ScanStore

A, B = "part-" + "a" * 16, "part-" + "b" * 16


@pytest.fixture
def url(request):
    """Give a folder of the object store that fsspec keeps in memory."""
    yield f"memory://{request.node.name}/scan"
    fsspec.filesystem("memory").store.clear()


def test_part_comes_back(url):
    parts = open_parts(url, "f")
    assert isinstance(parts, RemoteParts)
    assert parts.list_names() == []

    parts.write(B, {CARD: b"card", "x": b"content"})
    parts.write(A, {CARD: b"card"})

    assert parts.list_names() == [A, B]
    assert parts.read(B, "x") == b"content"
    assert parts.measure(B, "x") == 7
    assert parts.locate(B).endswith(f"/scan/f/{B}")
    with pytest.raises(FileNotFoundError):
        parts.read(A, "x")


def test_part_whose_card_is_not_written_yet_is_not_there(url, monkeypatch):
    parts = open_parts(url, "f")
    write = parts._files.pipe_file

    def fail_at_card(key, content):
        if key.endswith(CARD):
            raise OSError("the network is gone")
        write(key, content)

    monkeypatch.setattr(parts._files, "pipe_file", fail_at_card)
    with pytest.raises(OSError, match="the network is gone"):
        parts.write(A, {CARD: b"card", "x": b"content"})
    assert parts.list_names() == []

    monkeypatch.setattr(parts._files, "pipe_file", write)
    parts.write(A, {CARD: b"card", "x": b"content"})
    assert parts.list_names() == [A]


def test_part_set_aside_is_kept_beside(url):
    parts = open_parts(url, "f")
    parts.write(A, {CARD: b"card", "x": b"content"})

    assert parts.set_aside(A)

    assert parts.list_names() == []
    assert parts.read(A + ".damaged", "x") == b"content"
    assert not parts.set_aside(A)


def make_part(text):
    """Make the files of a part of one file, and its card."""
    files = {"x": {"size": len(text)}}
    return {CARD: json.dumps({"files": files, "by": text}).encode(), "x": text.encode()}


@pytest.fixture(params=["disk", "object store"])
def parts(request, url, tmp_path):
    """Give parts of either kind."""
    return open_parts(str(tmp_path) if request.param == "disk" else url, "f")


def test_whole_part_is_kept(parts):
    assert not parts.is_whole(A)
    parts.write(A, make_part("first"))
    assert parts.is_whole(A)

    parts.write(A, make_part("another"))

    assert parts.read(A, "x") == b"first"
    assert parts.read(A, CARD) == make_part("first")[CARD]


@pytest.mark.parametrize(
    "there",
    [
        {CARD: make_part("first")[CARD], "x": b"cut"},
        {CARD: make_part("first")[CARD]},
        {CARD: b"{", "x": b"first"},
        {CARD: b"[]", "x": b"first"},
        {CARD: b'{"files": {"x": 1}}', "x": b"first"},
        {"x": b"first"},
    ],
)
def test_damaged_part_is_replaced(parts, there):
    parts.write(A, there)
    assert not parts.is_whole(A)

    parts.write(A, make_part("another"))

    assert parts.read(A, "x") == b"another"
    assert parts.is_whole(A)


def test_part_that_another_has_just_written_is_kept(tmp_path, monkeypatch):
    one, other = (open_parts(str(tmp_path), "f") for _ in range(2))
    write_bytes = Path.write_bytes

    def be_late(path, content):
        monkeypatch.setattr(Path, "write_bytes", write_bytes)
        other.write(A, make_part("other"))
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", be_late)
    one.write(A, make_part("one"))

    assert one.read(A, "x") == b"other"
    assert [path.name for path in (tmp_path / "f").iterdir()] == [A]


def test_many_write_a_part_at_once_and_no_reader_misses_it(tmp_path):
    parts = open_parts(str(tmp_path), "f")
    parts.write(B, make_part("b"))

    def write(number):
        for _ in range(20):
            open_parts(str(tmp_path), "f").write(A, make_part(f"by {number}"))
            assert parts.list_names() == [A, B]
            assert parts.is_whole(A)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    assert {path.name for path in (tmp_path / "f").iterdir()} == {A, B}


def test_object_store_is_sent_no_part_twice(url, monkeypatch):
    parts = open_parts(url, "f")
    parts.write(A, make_part("first"))
    monkeypatch.setattr(parts._files, "pipe_file", None)

    parts.write(A, make_part("first"))

    assert parts.read(A, "x") == b"first"


def test_store_in_an_object_store(url, caplog):
    store = ScanStore(url, "f", 3)
    assert list_known(store) == set()
    photos = [make_scanned("a", 2), make_scanned("b", 0)]
    store.add(photos)
    store.add([make_scanned("c")])

    for one in (store, ScanStore(url, "f", 3)):
        assert list_known(one) == {hash_name(name) for name in "abc"}
        check_scan(one.read([photo.sha256 for photo in photos]), photos)
    assert len(list(store.read_pictures([hash_name("a")]))) == 3

    files = fsspec.filesystem("memory")
    [key] = [
        one
        for one in files.find(url)
        if one.endswith("photos.parquet") and hash_name("c").encode() in files.cat(one)
    ]
    files.pipe(key, files.cat(key)[:-9])
    assert list_known(ScanStore(url, "f", 3)) == {hash_name("a"), hash_name("b")}
    assert "is damaged (photos.parquet has another content)" in caplog.text


def test_protocol_that_nothing_is_installed_for():
    with pytest.raises(ValueError, match="got nonsense://x/f: .*; install what its"):
        open_parts("nonsense://x", "f")

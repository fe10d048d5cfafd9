"""`PartFolder` on a disk and in an object store; see also `test_scan_store`."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest

from lfw17_kedro.stores.part_folder import CARD
from lfw17_kedro.stores.remote_parts import open_parts

A, B = "part-" + "a" * 16, "part-" + "b" * 16


@pytest.fixture
def url(request):
    """Give a folder of the object store that fsspec keeps in memory."""
    yield f"memory://{request.node.name}/scan"
    fsspec.filesystem("memory").store.clear()


def make_part(text):
    """Make the files of a part of one file, and its card."""
    files = {"x": {"sha256": "", "size": len(text)}}
    card = {"dimension": 3, "decoders": text, "files": files}
    return {CARD: json.dumps(card).encode(), "x": text.encode()}


@pytest.fixture(params=["disk", "object store"])
def parts(request, url, tmp_path):
    """Give parts of either kind."""
    return open_parts(str(tmp_path) if request.param == "disk" else url, "f")


def test_part_comes_back(parts):
    assert parts.list_names() == []

    parts.write(B, {CARD: b"card", "x": b"content"})
    parts.write(A, {CARD: b"card"})

    assert parts.list_names() == [A, B]
    assert parts.read(B, "x") == b"content"
    assert parts.measure(B, "x") == 7
    assert parts.locate(B).endswith(f"/f/{B}")
    with pytest.raises(FileNotFoundError):
        parts.read(A, "x")


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
        {CARD: b'{"dimension": 3, "files": {"x": 1}}', "x": b"first"},
        {CARD: make_part("first")[CARD].replace(b'"x"', b'"\\u0000"'), "x": b"first"},
        {CARD: b'{"files": ' + b"[" * 9999, "x": b"first"},
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


def test_part_that_two_set_aside_at_once_is_aside(tmp_path, monkeypatch):
    parts, rmtree = open_parts(str(tmp_path), "f"), shutil.rmtree
    for text in ("damaged", "damaged again"):
        parts.write(A, {CARD: b"", "x": text.encode()})
        assert parts.set_aside(A)

        def be_late(path):  # another process removes the earlier one first
            rmtree(path)
            raise FileNotFoundError(path)

        monkeypatch.setattr(shutil, "rmtree", be_late)

    assert [one.read_text() for one in tmp_path.rglob("x")] == ["damaged again"]

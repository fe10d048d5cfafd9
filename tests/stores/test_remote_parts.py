"""Parts in an object store: of this machine's memory, and by moto."""

import pickle

import fsspec
import pytest
from tests.stores.scanned_photos import check_scan, hash_name, list_known, make_scanned
from tests.stores.test_part_folder import A, B, make_part

from lfw17_kedro.stores.part_folder import CARD, LocalParts
from lfw17_kedro.stores.remote_parts import RemoteError, RemoteParts, open_parts
from lfw17_kedro.stores.scan_store import ScanStore


@pytest.fixture
def url(request):
    """Give a folder of the object store that fsspec keeps in memory."""
    yield f"memory://{request.node.name}/scan"
    fsspec.filesystem("memory").store.clear()


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


def test_two_runs_begin_in_one_folder_at_once(url, monkeypatch):
    first, second = open_parts(url, "f"), open_parts(url, "f")
    write = first._files.pipe_file

    def write_while_another_begins(key, content):
        write(key, content)
        monkeypatch.setattr(first._files, "pipe_file", write)
        second.prepare()

    monkeypatch.setattr(first._files, "pipe_file", write_while_another_begins)
    first.prepare()

    assert first._files.find(url) == []


def test_part_set_aside_is_kept_beside(url):
    parts = open_parts(url, "f")
    parts.write(A, {CARD: b"card", "x": b"content"})

    assert parts.set_aside(A)

    assert parts.list_names() == []
    assert parts.read(A + ".damaged", "x") == b"content"
    assert not parts.set_aside(A)


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


def open_bucket(object_store, url="s3://albums/scan", **fs_args):
    """Open parts in the object store."""
    own = object_store.options
    return open_parts(url, "f", own["credentials"] | own["fs_args"] | fs_args)


def test_bucket_keeps_a_store(object_store):
    object_store.put("albums/other", b"x")
    own = object_store.options
    options = own["credentials"] | own["fs_args"]
    for name in "ab":
        ScanStore("s3://albums/a [b]* scan", "f", 3, options).add([make_scanned(name)])

    store = ScanStore("s3://albums/a [b]* scan", "f", 3, options)

    assert list_known(store) == {hash_name("a"), hash_name("b")}
    check_scan(store.read([hash_name("b")]), [make_scanned("b")])
    parts = open_bucket(object_store, "s3://albums/a [b]* scan")
    [one, other] = parts.list_names()
    assert parts.set_aside(one)
    assert parts.list_names() == [other]
    assert parts.read(one + ".damaged", CARD)


def test_bucket_is_never_made(object_store):
    parts = open_bucket(object_store, "s3://mistyped/scan")

    assert parts.list_names() == []
    with pytest.raises(
        RemoteError, match="expected s3://mistyped/scan/f to be within reach, got: .*;"
    ):
        parts.write(A, make_part("x"))
    assert not object_store.open().exists("mistyped")


def use_all(store):
    """Give all that a store is asked for."""
    return {
        "is_known": lambda: store.is_known([hash_name("a")]),
        "add": lambda: store.add([make_scanned("a")]),
        "open": lambda: store.open([hash_name("a")]),
    }


@pytest.mark.parametrize("use", ["is_known", "add", "open"])
def test_unreachable_endpoint_is_named(object_store, use):
    own = object_store.options
    gone = {"client_kwargs": {"endpoint_url": "http://127.0.0.1:9"}}
    options = own["credentials"] | own["fs_args"] | gone
    store = ScanStore("s3://albums/scan", "f", 3, options)

    with pytest.raises(OSError, match="Could not connect to the endpoint") as refused:
        use_all(store)[use]()

    message = str(refused.value)
    assert message.startswith("expected s3://albums/scan/f to be within reach, got: ")
    assert message.endswith("Photos elsewhere, says how), and run again.")
    assert "\n" not in message
    assert str(pickle.loads(pickle.dumps(refused.value))) == message  # noqa: S301


@pytest.mark.parametrize("use", ["is_known", "add"])
def test_missing_credentials_are_named(object_store, use):
    store = ScanStore("s3://albums/scan", "f", 3, object_store.options["fs_args"])

    with pytest.raises(
        RemoteError, match="got: Unable to locate credentials; check URL, network, cre"
    ):
        use_all(store)[use]()


def test_wrong_credentials_are_named(object_store):
    object_store.put("albums/other", b"x")
    object_store.check_credentials(True)
    try:
        with pytest.raises(RemoteError, match="s3://albums/scan/f .*; check URL, net"):
            open_bucket(object_store).list_names()
    finally:
        object_store.check_credentials(False)


def test_option_that_is_none_is_named(object_store):
    with pytest.raises(RemoteError, match="s3://albums/scan/f .* got: .*nonsense"):
        open_bucket(object_store, nonsense=1).list_names()


@pytest.mark.parametrize("name", ["a [b]", "a*b", "a?b", "{a,b}"])
def test_names_that_look_like_patterns(url, name):
    parts = open_parts(f"{url}/{name}", "f")
    other = open_parts(f"{url}/ab", "f")
    other.write(B, make_part("b"))
    parts.write(A, make_part("a"))

    assert parts.list_names() == [A]
    assert parts.set_aside(A)
    assert parts.list_names() == []
    assert parts.read(A + ".damaged", "x") == b"a"
    assert other.list_names() == [B]


def test_cards_elsewhere_are_no_parts(url):
    files = fsspec.filesystem("memory")
    for place in (f"{A}/deeper/{CARD}", f"{A}.damaged/{CARD}", f"part-x/{CARD}", CARD):
        files.pipe(f"{url}/f/{place}", b"{}")

    assert open_parts(url, "f").list_names() == []


def test_folders_are_made_where_they_are_needed(tmp_path):
    parts = RemoteParts(f"file://{tmp_path}/scan", {})  # a protocol with folders

    parts.write(A, make_part("a"))

    assert (tmp_path / "scan" / A / "x").read_bytes() == b"a"
    assert parts.set_aside(A)
    assert not parts.set_aside(A)
    assert (tmp_path / "scan" / f"{A}.damaged" / "x").read_bytes() == b"a"


@pytest.mark.parametrize("protocol", ["file", "local"])
def test_url_of_a_folder_is_a_folder_of_this_machine(tmp_path, protocol):
    parts = open_parts(f"{protocol}://{tmp_path}/a b", "f")
    parts.write(A, make_part("a"))

    assert isinstance(parts, LocalParts)
    assert parts.locate(A) == f"{tmp_path}/a b/f/{A}"
    assert (tmp_path / "a b/f" / A / "x").read_bytes() == b"a"

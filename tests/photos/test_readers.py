import hashlib
import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.photos.readers import (
    ReadLocalPhoto,
    ReadRemotePhoto,
    find_local,
    has_password,
    is_plain_path,
    is_url,
    merge_options,
    open_regular_file,
)

CONTENT = b"a photo"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
X = PhotoFile("inner/x.jpg", SHA256)
MAX_PICKLED = 500  # bytes: it travels with each task


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / X.path).write_bytes(CONTENT)
    return tmp_path


@pytest.fixture
def album(object_store):
    """A reader of an object store."""
    object_store.put(f"readers/album/{X.path}", CONTENT)
    own = object_store.options
    return ReadRemotePhoto("s3://readers/album", own["credentials"] | own["fs_args"])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sftp://me:secret@host/x", True),
        ("sftp://me:se@cret@host:22/x", True),
        ("s3://key:secret@bucket", True),
        ("s3://key:sec/ret@bucket/x", True),
        ("zip::ftp://me:secret@host/x.zip", True),
        ("sftp://me@host/x", False),
        ("sftp://host:22/me:you@home", False),
        ("abfs://box@account/x", False),
        ("s3://bucket/a:b@c", False),
        ("s3://bucket", False),
    ],
)
def test_password_is_told(url, expected):
    assert has_password(url) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/album", True),
        ("memory://album", True),
        ("zip::s3://bucket/album.zip", True),
        ("abfs+x://album", True),
        ("data/01_raw/photos", False),
        ("/home/ann/a://b", False),
        ("C://photos", False),
        ("C:/photos", False),
        ("", False),
    ],
)
def test_urls_are_told_from_paths(path, expected):
    assert is_url(path) is expected


@pytest.mark.parametrize(
    "path", ["../x.jpg", "/x.jpg", "a//x.jpg", "a/./x.jpg", "", "a/"]
)
def test_paths_that_may_leave_their_folder_are_not_plain(path):
    assert not is_plain_path(path)
    assert is_plain_path("a..b/.c/x .jpg")


def test_reader_reads_what_was_listed(folder, album):
    assert ReadLocalPhoto(str(folder))(X) == CONTENT
    assert album(X) == CONTENT


@pytest.mark.parametrize("change", ["vanished", "changed", "folder"])
def test_files_that_are_not_as_listed_are_refused(folder, change):
    file = folder / X.path
    file.unlink()
    if change == "changed":
        file.write_bytes(b"another")
    if change == "folder":
        file.mkdir()

    match = {
        "vanished": "No such file",
        "changed": r"expected inner/x\.jpg in .* as it was listed, got another content",
        "folder": "no regular file",
    }
    with pytest.raises(OSError, match=match[change]):
        ReadLocalPhoto(str(folder))(X)


def test_objects_that_are_not_as_listed_are_refused(object_store, album):
    object_store.put(f"readers/album/{X.path}", b"another")
    with pytest.raises(
        OSError,
        match=r"expected inner/x\.jpg in s3://readers/album as it was listed, got "
        "another content; run again once nothing writes to the folder",
    ):
        album(X)

    object_store.remove(f"readers/album/{X.path}")
    with pytest.raises(
        OSError, match="expected inner/x.jpg in .* readable, got: no such file; run "
    ):
        album(X)


def test_unreachable_photo_is_an_oserror(album):
    options = {**album.options, "client_kwargs": {"endpoint_url": "http://127.0.0.1:9"}}
    reader = ReadRemotePhoto(album.url, options)

    with pytest.raises(OSError, match="readable, got: Could not connect to the endp"):
        reader(X)


@pytest.mark.parametrize(
    "file",
    [
        PhotoFile("../secret.jpg", SHA256),
        PhotoFile("/secret.jpg", SHA256),
        PhotoFile("", SHA256),
        PhotoFile("secret.jpg", ""),
        PhotoFile("secret.jpg", SHA256, "unreadable"),
    ],
)
def test_only_listed_photos_are_read(tmp_path, file):
    (tmp_path / "secret.jpg").write_bytes(CONTENT)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/secret.jpg").write_bytes(CONTENT)

    for reader in (ReadLocalPhoto(f"{tmp_path}/photos"), ReadRemotePhoto("memory://a")):
        with pytest.raises(OSError, match="expected a photo listed in .*; list the"):
            reader(file)


def test_fifo_in_place_of_a_file_does_not_hang(folder, monkeypatch):
    os.mkfifo(folder / "fifo.jpg")
    before = os.stat(folder / X.path)
    monkeypatch.setattr(os, "stat", lambda path: before)

    with pytest.raises(OSError, match="no regular file"):
        open_regular_file(os.fsencode(folder / "fifo.jpg"))


def test_readers_are_small_and_work_in_another_process(folder, album):
    readers = [ReadLocalPhoto(str(folder)), album]
    assert album(X) == CONTENT  # its connections stay here

    assert all(len(pickle.dumps(reader)) < MAX_PICKLED for reader in readers)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        assert [pool.submit(one, X).result() for one in readers] == [CONTENT] * 2


def test_threads_share_a_reader(object_store, album):
    contents = [f"photo {i}".encode() for i in range(64)]
    files = [
        PhotoFile(f"{i}.jpg", hashlib.sha256(content).hexdigest())
        for i, content in enumerate(contents)
    ]
    for file, content in zip(files, contents, strict=True):
        object_store.put(f"readers/album/{file.path}", content)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(album, files)) == contents


def test_credentials_are_not_shown(object_store, album):
    secret = object_store.options["credentials"]["secret"]

    assert secret not in repr(album)
    assert repr(album) == "ReadRemotePhoto(url='s3://readers/album')"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("photos/a b", "photos/a b"),
        ("file:///photos/a b", "/photos/a b"),
        ("local:///photos", "/photos"),
        ("s3://bucket/photos", None),
    ],
)
def test_folders_of_this_machine_are_told_from_buckets(path, found):
    assert find_local(path) == (found and Path(found))


def test_options_of_the_catalog_are_merged_and_not_changed():
    credentials = {"key": "k", "client_kwargs": {"region_name": "x"}}
    fs_args = {"anon": False, "key": "own", "open_args_load": {"mode": "r"}}

    options = merge_options(credentials, fs_args)

    assert options == {
        "key": "own",
        "client_kwargs": {"region_name": "x"},
        "anon": False,
    }
    options["client_kwargs"]["region_name"] = "y"
    assert credentials["client_kwargs"] == {"region_name": "x"}
    assert merge_options(None, None) == {}

"""`PhotoFolderDataset` on Google Cloud Storage, as far as a stand-in of it goes."""

import pytest
from gcsfs.extended_gcsfs import BucketType, ExtendedGcsFileSystem
from google_store import GoogleStore
from kedro.io import DatasetError

from lfw17_kedro.datasets import PhotoFolderDataset

NAMES = ["a b.jpg", "in/x#1?%.jpg", "in/y.png", "in/\u00e9.jpg", "in/\u738b.jpg"]


@pytest.fixture
def store(monkeypatch):
    """A store with five photos and two other files."""

    async def tell_type(*_):  # else asked by gRPC, for a minute
        return BucketType.NON_HIERARCHICAL

    monkeypatch.setattr(ExtendedGcsFileSystem, "_get_bucket_type", tell_type)
    store = GoogleStore()
    for name in [*NAMES, "notes.txt", ".hidden/x.jpg"]:
        store.objects[f"top/{name}"] = name.encode()
    store.objects["other/x.jpg"] = b""
    yield store
    for opened in ExtendedGcsFileSystem._cache.values():
        ExtendedGcsFileSystem.close_session(opened.loop, opened._session)
    ExtendedGcsFileSystem.clear_instance_cache()
    store.stop()


@pytest.fixture
def make(store, tmp_path):
    def make(url="gs://album/top"):
        fs_args = {"token": "anon", "endpoint_url": store.endpoint}
        memo = {"filepath": str(tmp_path)}
        return PhotoFolderDataset(filepath=url, memo=memo, fs_args=fs_args)

    return make


def test_photos_of_a_bucket_are_listed_and_read_once(make, store):
    first = make().load()

    assert [file.path for file in first] == NAMES
    assert sorted(store.reads) == [f"top/{name}" for name in NAMES]
    assert [first.reader(file) for file in first] == [name.encode() for name in NAMES]

    store.reads.clear()
    assert list(make().load()) == list(first)
    assert store.reads == []


@pytest.mark.parametrize("name", ["in/y.png", "a b.jpg"])  # without and with an MD5
def test_changed_photo_is_noticed(make, store, name):
    make().load()
    store.reads.clear()
    store.objects[f"top/{name}"] = name.upper().encode()

    listed = make().load()

    assert store.reads == [f"top/{name}"]
    (changed,) = (file for file in listed if file.path == name)
    assert listed.reader(changed) == name.upper().encode()


@pytest.mark.parametrize("url", ["gs://album/no", "gs://no-such/top"])
def test_missing_bucket_and_folder_are_refused(make, url):
    with pytest.raises(
        DatasetError, match=f"^expected photos at {url}, got: nothing th"
    ):
        make(url).load()

import hashlib
import os
import tracemalloc

import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets.listing_memo import ListingMemo
from lfw17_kedro.datasets.photo_listing import (
    MAX_FAILURES,
    Listing,
    list_local,
    list_remote,
)
from lfw17_kedro.datasets.remote_folder import RemoteFile
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.photos.readers import MAX_BYTES

ENDINGS = (".jpg", ".png")
PROBLEM = "expected it to be readable, got: no such file; run again, or change its per"


def hash_text(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Album:
    """A folder under a URL that holds invented photos; their content is their path."""

    url = "s3://bucket/album"

    def __init__(self, *files, gone=(), sizes=None):
        self.files = files
        self.gone = gone
        self.sizes = sizes or {}
        self.read = []

    def walk(self):
        yield from self.files

    def measure(self, file):
        return self.sizes.get(file.path)

    def hash_file(self, file):
        if file.path in self.gone:
            raise FileNotFoundError(file.path)
        self.read.append(file.path)
        return hash_text(file.path)


def name_files(*paths, checksum="etag"):
    return [RemoteFile(path, len(path), checksum) for path in paths]


def test_photos_under_a_url_are_listed_by_path():
    album = Album(*name_files("b/2.JPG", "a.png", "notes.txt", "b.jpg"))

    listing = list_remote(album, ENDINGS, None)

    photos = tuple(PhotoFile(p, hash_text(p)) for p in ("a.png", "b.jpg", "b/2.JPG"))
    assert listing == Listing(photos, ignored=1, downloaded=3)


def test_photos_of_this_machine_are_listed_by_path(tmp_path):
    for name in ("b.jpg", "a.PNG", "notes.txt"):
        (tmp_path / name).write_text(name)

    photos = tuple(PhotoFile(path, hash_text(path)) for path in ("a.PNG", "b.jpg"))
    assert list_local(tmp_path, ENDINGS) == Listing(photos, ignored=1)
    assert list_local(tmp_path / "missing", ENDINGS) == Listing((), 0)
    with pytest.raises(DatasetError, match=r"got a file; name the folder that the"):
        list_local(tmp_path / "b.jpg", ENDINGS)


TOO_LARGE = (
    f"expected a photo of {MAX_BYTES} bytes at most, got {MAX_BYTES + 1} bytes; make "
    "it smaller, or remove it if it is none"
)


def test_huge_files_are_left_out_unread(tmp_path):
    (tmp_path / "a.jpg").write_text("a.jpg")
    (tmp_path / "b.jpg").touch()
    os.truncate(tmp_path / "b.jpg", MAX_BYTES + 1)  # takes no room on the disk

    listing = list_local(tmp_path, ENDINGS)

    photos = PhotoFile("a.jpg", hash_text("a.jpg")), PhotoFile("b.jpg", "", TOO_LARGE)
    assert listing == Listing(photos, ignored=0)


def test_huge_files_under_a_url_are_left_out_unread():
    names = [f"{number}.png" for number in range(MAX_FAILURES)]
    huge = [RemoteFile(name, MAX_BYTES + 1, "etag") for name in names]
    album = Album(*huge, *name_files("a.jpg"))

    listing = list_remote(album, ENDINGS, None)

    assert album.read == ["a.jpg"]
    assert listing.downloaded == 1
    assert [file.problem for file in listing.files] == [TOO_LARGE] * 50 + [""]


def test_a_store_that_lists_no_sizes_is_asked_for_them():
    unsized = [RemoteFile(f"{name}.png", None, "") for name in "abc"]
    sizes = {"a.png": MAX_BYTES + 1, "b.png": None, "c.png": 5}
    album = Album(*unsized, sizes=sizes)

    listing = list_remote(album, ENDINGS, None)

    assert sorted(album.read) == ["b.png", "c.png"]
    assert [file.problem for file in listing.files] == [TOO_LARGE, "", ""]


def list_again(folder, *files):
    """List an album; give the paths that were read."""
    album = Album(*files)
    with ListingMemo(folder, album.url) as memo:
        listing = list_remote(album, ENDINGS, memo)
    assert listing.downloaded == len(album.read)
    assert [*listing.files] == [
        PhotoFile(path, hash_text(path)) for path in sorted(file.path for file in files)
    ]
    return sorted(album.read)


def test_what_is_remembered_is_not_read_again(tmp_path):
    first = name_files("a.jpg", "b.jpg")
    assert list_again(tmp_path, *first) == ["a.jpg", "b.jpg"]
    assert list_again(tmp_path, *first) == []

    changed = first[0]._replace(checksum="another")
    assert list_again(tmp_path, changed, *first[1:]) == ["a.jpg"]
    assert list_again(tmp_path, *first, *name_files("new.jpg")) == ["a.jpg", "new.jpg"]
    assert list_again(tmp_path, first[0]._replace(size=9), first[1]) == ["a.jpg"]


@pytest.mark.parametrize("change", [{"checksum": ""}, {"size": None}])
def test_what_shows_no_content_is_read_each_time(tmp_path, change):
    file = RemoteFile("a.jpg", 5, "etag")._replace(**change)

    assert list_again(tmp_path, file) == ["a.jpg"]
    assert list_again(tmp_path, file) == ["a.jpg"]


def test_unreadable_photos_are_listed_and_not_remembered(tmp_path):
    files = name_files("a.jpg", "b.jpg", "c//d.jpg")
    with ListingMemo(tmp_path, Album.url) as memo:
        listing = list_remote(Album(*files, gone=["b.jpg"]), ENDINGS, memo)

    a, b, c = listing.files
    assert a == PhotoFile("a.jpg", hash_text("a.jpg"))
    assert b == PhotoFile("b.jpg", "", f"{PROBLEM}missions")
    assert c.path == "c//d.jpg"
    assert c.problem == "expected a name between any two slashes, got none; rename it"
    assert list_again(tmp_path, *files[:2]) == ["b.jpg"]


def test_photos_that_fail_one_after_the_other_end_the_listing(tmp_path):
    paths = [f"{i:04}.jpg" for i in range(3 * MAX_FAILURES)]
    last = paths[MAX_FAILURES]
    with (
        pytest.raises(
            DatasetError,
            match=f"^{Album.url}: expected photos that can be read, got {MAX_FAILURES} "
            f"one after the other that cannot, the last {last}: {PROBLEM}",
        ),
        ListingMemo(tmp_path, Album.url) as memo,
    ):
        list_remote(Album(*name_files(*paths), gone=paths[1:]), ENDINGS, memo)

    assert list_again(tmp_path, *name_files(*paths[:2])) == [paths[1]]  # 0 was read

    every_second = Album(*name_files(*paths), gone=paths[::2])
    assert len(list_remote(every_second, ENDINGS, None).files) == len(paths)


def test_long_listings_take_little_memory(tmp_path):
    def walk():
        for i in range(5_000):
            yield RemoteFile(f"2026/holiday {i % 99}/IMG_{i:08}.jpg", i, f"{i:032x}")

    album = Album()
    album.walk = walk
    list_again(tmp_path, *name_files("a.jpg"))  # imports
    tracemalloc.start()
    with ListingMemo(tmp_path, Album.url) as memo:
        listing = list_remote(album, ENDINGS, memo)
    album.read.clear()
    del memo
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(listing.files) == 5_000
    assert kept < 310 * 5_000  # bytes a photo: its path, its hash, their tuple
    assert peak < 900 * 5_000

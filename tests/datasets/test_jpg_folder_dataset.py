import weakref
from collections.abc import Mapping

import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import JpgFolderDataset, StoredDataset


@pytest.fixture
def photos():
    return {
        "Tony_Blair/000001": np.full((32, 24), 200, np.uint8),
        "Ann/000000_1": np.full((16, 16, 3), [200, 100, 50], np.uint8),
    }


def test_photos_come_back_sorted(tmp_path, photos):
    dataset = JpgFolderDataset(filepath=str(tmp_path / "photos"))

    dataset.save(photos)
    (tmp_path / "photos" / "Ann" / "notes.txt").write_text("a stray file")

    loaded = dataset.load()
    assert list(loaded) == ["Ann/000000_1", "Tony_Blair/000001"]
    for name, photo in photos.items():
        assert loaded[name].shape == photo.shape
        assert np.abs(loaded[name].astype(int) - photo).max() <= 2
    assert (tmp_path / "photos" / "Tony_Blair" / "000001.jpg").is_file()


def test_folder_of_a_person_named_like_a_photo_is_no_photo(tmp_path):
    dataset = JpgFolderDataset(filepath=str(tmp_path / "photos"))

    dataset.save({"ann.jpg/000000": np.zeros((16, 16), np.uint8)})

    loaded = dataset.load()
    assert list(loaded) == ["ann.jpg/000000"]
    assert loaded["ann.jpg/000000"].shape == (16, 16)


def test_encoded_photos_are_the_files_bytes(tmp_path, photos):
    folder = tmp_path / "photos"
    dataset = JpgFolderDataset(filepath=str(folder))
    dataset.save(photos)

    encoded = dataset.load().read_bytes("Ann/000000_1")

    assert encoded == (folder / "Ann" / "000000_1.jpg").read_bytes()


def test_one_photo_is_opened_when_asked_for(tmp_path, photos):
    dataset = JpgFolderDataset(filepath=str(tmp_path / "photos"))
    dataset.save(photos)
    (tmp_path / "photos" / "Tony_Blair" / "000001.jpg").write_bytes(b"damaged")

    loaded = dataset.load()  # and the damaged photo is not noticed

    assert len(loaded) == 2
    assert "Tony_Blair/000001" in loaded
    assert loaded["Ann/000000_1"].shape == (16, 16, 3)


def test_listing_is_made_once(tmp_path, photos):
    dataset = JpgFolderDataset(filepath=str(tmp_path / "photos"))
    dataset.save(photos)
    loaded = dataset.load()
    (tmp_path / "photos" / "Ann" / "000000_1.jpg").rename(tmp_path / "photos" / "x.jpg")

    assert list(loaded) == ["Ann/000000_1", "Tony_Blair/000001"]
    with pytest.raises(DatasetError, match=r"Ann/000000_1\.jpg, got: .*No such file"):
        loaded["Ann/000000_1"]


@pytest.mark.parametrize("photo_id", ["x", "../photos/x", "Ann/../x"])
def test_only_listed_photos_are_read(tmp_path, photos, photo_id):
    dataset = JpgFolderDataset(filepath=str(tmp_path / "photos"))
    dataset.save(photos)
    loaded = dataset.load()
    (tmp_path / "photos" / "x.jpg").write_bytes(b"came later")

    assert photo_id not in loaded
    with pytest.raises(KeyError):
        loaded[photo_id]
    with pytest.raises(KeyError):
        loaded.read_bytes(photo_id)


class MadeWhenAsked(Mapping):
    """A thousand photos of 100 kB each; counts those that are alive."""

    def __init__(self):
        self.alive = self.most = 0

    def __getitem__(self, photo_id):
        photo = np.full((400, 250), int(photo_id) % 256, np.uint8)
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(photo, self._count_down)
        return photo

    def _count_down(self):
        self.alive -= 1

    def __iter__(self):
        return (f"{number:04d}" for number in range(1000))

    def __len__(self):
        return 1000


def test_saving_holds_few_photos_at_once(tmp_path):
    dataset = JpgFolderDataset(filepath=str(tmp_path / "photos"))
    photos = MadeWhenAsked()

    dataset.save(photos)

    assert photos.most < 50
    loaded = dataset.load()
    assert list(loaded) == list(photos)
    assert loaded["0700"].mean() == 700 % 256


def store(path):
    """Make the dataset of the catalog: whole or not at all."""
    kind = "lfw17_kedro.datasets.JpgFolderDataset"
    return StoredDataset(dataset=kind, filepath=str(path))


def test_photos_read_from_a_folder_may_replace_it(tmp_path, photos):
    dataset = store(tmp_path / "photos")
    dataset.save(photos)

    dataset.save(dataset.load())

    assert list(dataset.load()) == ["Ann/000000_1", "Tony_Blair/000001"]


@pytest.mark.parametrize(
    "photo_id", ["../x", "/x", "a/../../x", "a/../x", "./x", "a//x", "", "a/", "x\0y"]
)
def test_ids_outside_the_folder_are_refused(tmp_path, photos, photo_id):
    dataset = store(tmp_path / "layer" / "photos")
    dataset.save(photos)
    before = sorted(tmp_path.rglob("*"))
    photo = np.zeros((8, 8), np.uint8)

    with pytest.raises(DatasetError, match="ids of photos that are paths inside their"):
        dataset.save({"good": photo, photo_id: photo})

    assert sorted(tmp_path.rglob("*")) == before


def test_photo_that_cannot_be_encoded_keeps_the_old_folder(tmp_path, photos):
    dataset = store(tmp_path / "photos")
    dataset.save(photos)

    with pytest.raises(DatasetError, match="data type"):
        dataset.save({"a": np.zeros((8, 8, 7, 2), np.uint8)})

    assert list(dataset.load()) == ["Ann/000000_1", "Tony_Blair/000001"]


def test_saving_replaces_the_folder(tmp_path, photos):
    dataset = JpgFolderDataset(filepath=str(tmp_path / "photos"))
    dataset.save(photos)

    dataset.save({"a": np.zeros((8, 8), np.uint8)})

    assert list(dataset.load()) == ["a"]


@pytest.mark.parametrize("content", [b"", b"not a photo", "half"])
def test_corrupt_jpg_is_named(tmp_path, photos, content):
    dataset = JpgFolderDataset(filepath=str(tmp_path / "photos"))
    dataset.save(photos)
    file = tmp_path / "photos" / "Tony_Blair" / "000001.jpg"
    half = file.read_bytes()[: file.stat().st_size // 2]
    file.write_bytes(half if content == "half" else content)

    with pytest.raises(DatasetError, match=r"jpg photo at .*000001\.jpg, .*replace or"):
        dataset.load()["Tony_Blair/000001"]


def test_empty_or_missing_folder_is_named(tmp_path):
    with pytest.raises(DatasetError, match="no such folder; run data_processing first"):
        JpgFolderDataset(filepath=str(tmp_path / "photos")).load()
    with pytest.raises(DatasetError, match="none in it"):
        JpgFolderDataset(filepath=str(tmp_path)).load()

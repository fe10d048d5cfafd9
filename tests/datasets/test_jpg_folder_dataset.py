import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import JpgFolderDataset


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


def test_encoded_photos_are_the_files_bytes(tmp_path, photos):
    folder = tmp_path / "photos"
    JpgFolderDataset(filepath=str(folder)).save(photos)

    loaded = JpgFolderDataset(filepath=str(folder), encoded=True).load()

    assert list(loaded) == ["Ann/000000_1", "Tony_Blair/000001"]
    assert loaded["Ann/000000_1"] == (folder / "Ann" / "000000_1.jpg").read_bytes()


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

    with pytest.raises(DatasetError, match=r"jpg photo at .*000001\.jpg .*replace or"):
        dataset.load()


def test_empty_or_missing_folder_is_named(tmp_path):
    with pytest.raises(DatasetError, match="no such folder; run data_processing first"):
        JpgFolderDataset(filepath=str(tmp_path / "photos")).load()
    with pytest.raises(DatasetError, match="none in it"):
        JpgFolderDataset(filepath=str(tmp_path)).load()

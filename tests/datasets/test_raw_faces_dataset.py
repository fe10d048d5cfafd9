import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import RawFacesDataset
from lfw17_kedro.types import RawFaces, SourceCard


def test_faces_come_back(tmp_path):
    faces = RawFaces(
        np.arange(12, dtype=np.float32).reshape(2, 6),
        np.array([0, 1]),
        np.ones((1, 6), np.float32),
        np.array([1]),
        ["Ann Lee", "陈明"],
        SourceCard("mine", "me"),
    )
    dataset = RawFacesDataset(filepath=f"{tmp_path}/faces.npz")

    dataset.save(faces)
    loaded = dataset.load()

    assert (loaded.class_names, loaded.source) == (faces.class_names, faces.source)
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(faces, name))


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 and no more"])
def test_missing_or_damaged_file_says_what_to_run(tmp_path, content):
    file = tmp_path / "faces.npz"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(DatasetError, match="expected"):
        RawFacesDataset(filepath=str(file)).load()


def test_another_npz_file_is_refused(tmp_path):
    file = tmp_path / "faces.npz"
    np.savez(file, train_images=np.zeros(3))

    with pytest.raises(DatasetError, match="got something else: KeyError.*enrol"):
        RawFacesDataset(filepath=str(file)).load()


def test_missing_file_says_which_pipeline_makes_it(tmp_path):
    with pytest.raises(DatasetError, match="found no such file; run `kedro run --env"):
        RawFacesDataset(filepath=f"{tmp_path}/faces.npz").load()

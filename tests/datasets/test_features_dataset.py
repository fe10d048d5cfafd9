import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import FeaturesDataset
from lfw17_kedro.types import Features

FEATURES = Features(
    ids=np.array(["Ann/0", "李/1"]),
    arrays={
        "vectors": np.arange(6, dtype=np.float32).reshape(2, 3),
        "ids": np.array([7, 8]),  # a name that the file uses too
        "file": np.array([[True], [False]]),
    },
    fingerprint="encoder@abc+flips",
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "04_feature" / "train_features.npz"


def test_features_come_back(file):
    dataset = FeaturesDataset(filepath=str(file))
    assert not dataset.exists()

    dataset.save(FEATURES)

    assert dataset.exists()
    loaded = dataset.load()
    assert loaded.ids.tolist() == ["Ann/0", "李/1"]
    assert loaded.fingerprint == "encoder@abc+flips"
    assert list(loaded.arrays) == ["vectors", "ids", "file"]
    for name, array in FEATURES.arrays.items():
        assert loaded.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded.arrays[name], array)
    assert [path.name for path in file.parent.iterdir()] == ["train_features.npz"]


def test_pickles_are_neither_written_nor_read(file):
    objects = Features(FEATURES.ids, {"x": np.array([{}, {}])}, "")
    with pytest.raises(DatasetError, match="allow_pickle"):
        FeaturesDataset(filepath=str(file)).save(objects)

    np.savez(file, ids=FEATURES.ids, fingerprint="", array_x=np.array([{}, {}]))
    with pytest.raises(DatasetError, match="without pickled objects at .*train_featu"):
        FeaturesDataset(filepath=str(file)).load()


def test_missing_file_says_what_to_run(file):
    with pytest.raises(DatasetError, match=r"found none; run the pipeline that writes"):
        FeaturesDataset(filepath=str(file)).load()


@pytest.mark.parametrize("size", [0, 10, -10])
def test_truncated_file_is_named(file, size):
    FeaturesDataset(filepath=str(file)).save(FEATURES)
    file.write_bytes(file.read_bytes()[:size])

    with pytest.raises(DatasetError, match=r"whole NumPy file .*train_features\.npz"):
        FeaturesDataset(filepath=str(file)).load()


@pytest.mark.parametrize(
    ("stored", "got"),
    [
        ({"ids": np.array(["a"])}, "KeyError.*fingerprint"),
        (
            {"ids": np.array([1]), "fingerprint": ""},
            r"expected ids \(N,\) str, got int",
        ),
        (
            {"ids": np.array(["a"]), "fingerprint": "", "array_x": np.zeros((2, 1))},
            r"expected 1 rows in x, one for each id, got shape \(2, 1\)",
        ),
    ],
)
def test_other_arrays_are_no_features(file, stored, got):
    file.parent.mkdir()
    np.savez(file, **stored)

    with pytest.raises(DatasetError, match=f"got something else: .*{got}"):
        FeaturesDataset(filepath=str(file)).load()

import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import NumpyDataset


def test_array_comes_back(tmp_path):
    dataset = NumpyDataset(filepath=str(tmp_path / "layer" / "faces.npy"))
    faces = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    assert not dataset.exists()

    dataset.save(faces)

    assert dataset.exists()
    loaded = dataset.load()
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, faces)


def test_dict_of_arrays_comes_back(tmp_path):
    dataset = NumpyDataset(filepath=str(tmp_path / "embeddings.npz"))

    dataset.save({"ids": np.array(["a", "b"]), "encoder": np.array("net@1")})

    loaded = dataset.load()
    assert loaded["ids"].tolist() == ["a", "b"]
    assert str(loaded["encoder"]) == "net@1"


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"expected a NumPy file at .*faces\.npy"):
        NumpyDataset(filepath=str(tmp_path / "faces.npy")).load()


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("size", [0, 5, 100, -1])
def test_truncated_file_is_named(tmp_path, suffix, size):
    file = tmp_path / f"faces.{suffix}"
    dataset = NumpyDataset(filepath=str(file))
    array = np.zeros((9, 9))
    dataset.save(array if suffix == "npy" else {"faces": array})
    file.write_bytes(file.read_bytes()[:size])

    with pytest.raises(DatasetError, match=rf"whole NumPy file .*faces\.{suffix}"):
        dataset.load()


def test_pickled_objects_are_refused_on_both_ways(tmp_path):
    file = tmp_path / "faces.npy"
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    dataset = NumpyDataset(filepath=str(file))

    with pytest.raises(DatasetError, match="without pickled objects"):
        dataset.load()
    with pytest.raises(DatasetError, match="allow_pickle"):
        dataset.save(np.array([{"a": 1}], dtype=object))
    assert [path.name for path in tmp_path.iterdir()] == ["faces.npy"]

import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import KerasModelDataset


def make_model():
    import keras

    images = keras.Input((2, 2, 1))
    return keras.Model(images, keras.layers.Flatten()(images))


def test_model_comes_back(tmp_path):
    dataset = KerasModelDataset(filepath=str(tmp_path / "layer" / "model.keras"))

    dataset.save(make_model())

    images = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    np.testing.assert_array_equal(dataset.load()(images), [[0, 1, 2, 3]])
    assert [p.name for p in (tmp_path / "layer").iterdir()] == ["model.keras"]


@pytest.mark.parametrize("fraction", [0, 0.5, 0.99])
def test_truncated_model_is_never_read(tmp_path, fraction):
    file = tmp_path / "model.keras"
    dataset = KerasModelDataset(filepath=str(file))
    dataset.save(make_model())
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * fraction)])

    with pytest.raises(DatasetError, match=r"whole Keras model at .*train it again"):
        dataset.load()


def test_missing_model_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"whole Keras model at .*model\.keras"):
        KerasModelDataset(filepath=str(tmp_path / "model.keras")).load()

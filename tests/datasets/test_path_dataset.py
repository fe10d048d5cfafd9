import numpy as np
from kedro.io import DataCatalog

from lfw17_kedro.datasets import NumpyDataset
from lfw17_kedro.datasets.path_dataset import PathDataset


class ScaledDataset(PathDataset):
    """One with an option of its own."""

    def __init__(self, *, filepath, scale):
        super().__init__(filepath=filepath)
        self.scale = scale

    def load(self):
        return self.scale

    def save(self, data):
        pass


def test_catalog_is_written_again_with_the_arguments_of_its_datasets():
    inherits = NumpyDataset(filepath="faces.npy", metadata={"layer": "primary"})
    has_own = ScaledDataset(filepath="faces.txt", scale=2)
    catalog = DataCatalog({"inherits": inherits, "has_own": has_own})

    config, *_ = catalog.to_config()

    assert config["inherits"] == {
        "type": "lfw17_kedro.datasets.numpy_dataset.NumpyDataset",
        "filepath": "faces.npy",
    }
    assert config["has_own"]["filepath"] == "faces.txt"
    assert config["has_own"]["scale"] == 2
    assert has_own.load() == 2


def test_a_file_exists_once_it_is_saved(tmp_path):
    file = tmp_path / "folder/faces.npy"
    dataset = NumpyDataset(filepath=str(file))

    assert not dataset.exists()
    dataset.save(np.zeros(2))
    assert dataset.exists()
    assert dataset._describe() == {"filepath": str(file)}
    assert dataset.metadata is None

import joblib
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import PickleExportDataset, StoredDataset


def test_export_is_written_for_joblib(tmp_path):
    file = tmp_path / "06_models" / "classifier.pkl"
    dataset = PickleExportDataset(filepath=str(file))
    assert not dataset.exists()

    dataset.save(({"C": 1.0}, ["Ann", "Bob"]))

    assert dataset.exists()
    assert joblib.load(file) == ({"C": 1.0}, ["Ann", "Bob"])


@pytest.mark.parametrize("stored", [False, True])
def test_export_is_never_loaded(tmp_path, stored):
    class Attack:
        def __reduce__(self):
            return ((tmp_path / "executed").touch, ())

    file = tmp_path / "classifier.pkl"
    kind = "lfw17_kedro.datasets.PickleExportDataset"
    dataset = (
        StoredDataset(dataset=kind, filepath=str(file))
        if stored
        else PickleExportDataset(filepath=str(file))
    )
    dataset.save(Attack())

    with pytest.raises(
        DatasetError,
        match=r"not to load .*classifier\.pkl, .* a pickle can run any code, .*`joblib",
    ):
        dataset.load()
    assert not (tmp_path / "executed").exists()

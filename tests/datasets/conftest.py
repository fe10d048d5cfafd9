"""Artifacts that were saved once."""

import numpy as np
import pytest
from tests.datasets.artifacts import CSV, OLD, ORIGIN, PHOTOS

from lfw17_kedro.datasets import StoredDataset


@pytest.fixture
def table_file(tmp_path):
    return tmp_path / "layer" / "table.csv"


@pytest.fixture
def stored_table(table_file):
    """A table that was saved once."""
    dataset = StoredDataset(filepath=str(table_file), **CSV)
    dataset.set_origin(ORIGIN, "kedro run --pipelines a --only-missing-outputs")
    dataset.save(OLD)
    return dataset


@pytest.fixture
def stored_photos(tmp_path):
    """A folder of photos that was saved once."""
    photos = StoredDataset(dataset=PHOTOS, filepath=str(tmp_path / "photos"))
    grey = np.full((8, 8), 100, np.uint8)
    photos.save({"Ann/1": grey, "Bob/1": grey + 50})
    return photos

import pandas as pd
import pytest
from click import ClickException
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from lfw17_kedro.hooks.failed_shards import FailedShardHooks
from lfw17_kedro.photo_types import FAILED_COLUMNS

# Kedro gives it once in a process, of whichever test is the first.
pytestmark = pytest.mark.filterwarnings("ignore:One or more dataset names contain")


class Listed(MemoryDataset):
    """A table with a path."""

    def _describe(self):
        return {"filepath": "out/failed_shards.csv"}


def search(photos):
    raise NotImplementedError  # the run has ended


def end_run(rows, output="people.photos_failed"):
    """End a run that wrote a table of failed photos."""
    table = pd.DataFrame(rows, columns=[*FAILED_COLUMNS])
    catalog = DataCatalog({output: Listed(table)})
    node = Node(search, "photos", output, name="search", namespace="people")
    pipeline = Pipeline([node])
    FailedShardHooks().after_pipeline_run(pipeline, catalog)


def test_run_whose_shards_all_succeeded_ends_well():
    end_run([])


def test_run_with_failed_shards_ends_with_an_error():
    rows = [(1, "a.jpg", "it died."), (1, "b.jpg", "it died."), (2, "c.jpg", "no room")]

    with pytest.raises(ClickException) as error:
        end_run(rows)

    assert error.value.message == (
        "expected all photos to be searched, got 3 that were not, in 2 shards, a.jpg "
        "first: it died; all others are searched and shown, out/failed_shards.csv "
        "lists these: run again to search them."
    )


def test_tables_of_other_names_are_not_looked_at():
    end_run([(1, "a.jpg", "it died.")], output="people.left_out")

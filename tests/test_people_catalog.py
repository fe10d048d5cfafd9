"""The catalog of the environment `people`: tables come back as they were saved."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lfw17_kedro.datasets import StoredDataset
from lfw17_kedro.gallery_types import ENROLMENT_COLUMNS, IDENTIFIED_COLUMNS
from lfw17_kedro.photo_types import LEFT_OUT_COLUMNS
from lfw17_kedro.pipelines.identify.nodes import CORRECTIONS_FILE

CATALOG = Path(__file__).parents[1] / "conf/people/catalog.yml"
NAMES = ["007", "NA", "true", "1e5"]
PHOTOS = ["a.jpg", "a\rb.jpg", "a\r\nb.jpg", '"a", b.jpg']
NUMBERS = [0.5, np.nan, 1.0, -0.25]
SOMETIMES_MISSING = {"similarity", "margin", "false_accept_rate", "extent"}
if_none = None
TEXT_OF_FACES = {"face_id", "name", "nearest", "second", "nearest_photo", "source"}


def save_and_load(name, table, folder):
    """Save and load a table by its entry of the catalog."""
    entry = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))[name]
    options = {key: entry[key] for key in ("fs_args", "save_args", "load_args")}
    dataset = StoredDataset(
        dataset=entry["dataset"], filepath=str(folder / "table.csv"), **options
    )
    dataset.save(table)
    return dataset.load()


def make_column(name, texts):
    if name == "photo":
        return PHOTOS
    if name in texts:
        return NAMES
    if name in ("group", "reason"):
        return [""] * 4
    return NUMBERS if name in SOMETIMES_MISSING else [0.5] * 4


@pytest.mark.parametrize(
    ("name", "columns", "texts"),
    [
        ("people.faces", IDENTIFIED_COLUMNS, TEXT_OF_FACES),
        ("people.enrolment", ENROLMENT_COLUMNS, {"person", "action", "nearest_other"}),
        ("people.left_out", LEFT_OUT_COLUMNS, set()),
    ],
)
@pytest.mark.parametrize("rows", [slice(None), *(slice(k, k + 1) for k in range(4))])
def test_a_table_comes_back_as_it_was(name, columns, texts, rows, tmp_path):
    table = pd.DataFrame({column: make_column(column, texts) for column in columns})
    table = table[rows].reset_index(drop=True)

    loaded = save_and_load(name, table, tmp_path)

    assert loaded.columns.tolist() == list(columns)
    for column in columns:
        expected = table[column].tolist()
        if isinstance(expected[0], str):
            assert loaded[column].tolist() == expected
        else:
            np.testing.assert_array_equal(loaded[column].to_numpy(float), expected)


def test_empty_tables_keep_their_columns(tmp_path):
    table = pd.DataFrame(columns=[*IDENTIFIED_COLUMNS])

    loaded = save_and_load("people.faces", table, tmp_path)

    assert loaded.columns.tolist() == list(IDENTIFIED_COLUMNS)
    assert len(loaded) == 0


def test_the_album_names_the_file_that_is_read():
    catalog = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))

    assert catalog["corrections"]["filepath"] == CORRECTIONS_FILE

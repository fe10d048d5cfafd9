import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.faces.ids import check_ids, check_rows

TABLE = pd.DataFrame({"id": ["Ann/0", "Ann/1", "Bob/2"]})


def test_the_same_ids_pass():
    check_ids(np.array(["Ann/0", "Ann/1", "Bob/2"]), TABLE, "features", in_order=True)


def test_another_order_passes_where_rows_are_joined_by_id():
    check_ids(["Bob/2", "Ann/0", "Ann/1"], TABLE, "photos")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (None, "expected features of 3 images, got none: .* run the whole pipeline"),
        (
            ["Ann/0", "Bob/2", "Ann/1"],
            r"in another order \(row 1 is 'Bob/2', not 'Ann/1'\); run the whole",
        ),
        (["Ann/0", "Ann/1", "Ann/1"], r"3 rows with 1 twice \(for example 'Ann/1'\)"),
        (
            ["Ann/0", "Ann/1", "Eve/0"],
            r"1 that the table does not have \(for example 'Eve/0'\); they come from",
        ),
        (["Ann/0"], r"got 1 rows with 2 missing \(for example 'Ann/1'\)"),
    ],
)
def test_other_ids_are_named(ids, message):
    with pytest.raises(ValueError, match=message):
        check_ids(ids, TABLE, "features", in_order=True)


def test_arrays_of_different_lengths_are_named():
    check_rows(images=np.zeros((3, 2)), table=TABLE)

    with pytest.raises(
        ValueError,
        match="each image in images, table, got 2 of images, 3 of table; they come",
    ):
        check_rows(images=np.zeros((2, 2)), table=TABLE)

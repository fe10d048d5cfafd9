import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.types import Features

FEATURES = Features(
    ids=np.array(["a", "b", "c"]),
    arrays={
        "vectors": np.array([[1, 2], [3, 4], [5, 6]]),
        "label": np.array([7, 8, 9]),
    },
    fingerprint="mean@abc",
)


@pytest.mark.parametrize(
    "rows",
    [
        [2, 0],
        np.array([2, 0]),
        np.array([2, 0], np.uint8),
        pd.Index([2, 0]),
        pd.RangeIndex(2, -1, -2),
        slice(None, None, -2),
    ],
)
def test_rows_are_taken_from_ids_and_arrays_alike(rows):
    taken = FEATURES.take(rows)

    assert len(taken) == 2
    assert taken.ids.tolist() == ["c", "a"]
    assert taken.arrays["vectors"].tolist() == [[5, 6], [1, 2]]
    assert taken.arrays["label"].tolist() == [9, 7]
    assert taken.fingerprint == "mean@abc"


def test_no_rows_may_be_taken():
    assert len(FEATURES.take([])) == 0
    assert FEATURES.take(pd.Index([])).arrays["vectors"].shape == (0, 2)


@pytest.mark.parametrize("rows", [[True, False, True], [0.0], pd.Index(["a"])])
def test_rows_must_be_integers(rows):
    with pytest.raises(TypeError, match="expected rows as integers, got .*flatnonzero"):
        FEATURES.take(rows)


@pytest.mark.parametrize("array", [np.zeros((2, 3)), np.array(1)])
def test_every_array_has_a_row_for_each_id(array):
    with pytest.raises(ValueError, match="expected 3 rows in x, one for each id, got"):
        Features(FEATURES.ids, {"x": array}, "")


@pytest.mark.parametrize("ids", [np.arange(3), np.array(["a"], object), np.array("a")])
def test_ids_are_text(ids):
    with pytest.raises(ValueError, match=r"ids \(N,\) str, got .*to_numpy\(np.str_\)"):
        Features(ids, {}, "")


def test_types_import_neither_pandas_nor_kedro():
    script = (
        "import sys, lfw17_kedro.types; "
        "print({'pandas', 'kedro', 'tensorflow'} & set(sys.modules))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout == "set()\n"

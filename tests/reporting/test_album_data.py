import json

import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.reporting.album_data import (
    count_texts,
    encode_data,
    list_numbers,
    list_texts,
)


def test_texts_and_numbers_that_are_not_there():
    assert list_texts(pd.Series(["a", None, np.nan, 7], dtype=object)) == [
        *("a", "", "", "7")
    ]
    numbers = pd.Series([1.26, np.nan, np.inf, -0.04])
    assert list(list_numbers(numbers, 1)) == [1.3, None, None, -0.0]
    assert list(list_numbers(pd.Series([3, 4]), 0)) == [3, 4]


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_equal_texts_stand_once(dtype):
    column = pd.Series(["b", "a", "b", None], dtype=dtype)

    assert count_texts(column) == (["b", "a", ""], [0, 1, 0, 2])


def test_data_are_one_object_with_a_hash_of_the_rest():
    texts = count_texts(pd.Series(["x", "x"]))
    faces = iter([("id", iter("ab")), ("name", texts)])
    tables = {"faces": faces, "check": {"named": [1]}.items(), "none": ()}

    data = json.loads(encode_data(tables, {"pictures": "./p", "corrections": []}))

    digits = data.pop("hash")
    assert int(digits, 16) >= 0
    assert len(digits) == 16
    assert data == {
        "faces": {"id": ["a", "b"], "name": {"texts": ["x"], "rows": [0, 0]}},
        "check": {"named": [1]},
        "none": {},
        "pictures": "./p",
        "corrections": [],
    }
    other = json.loads(encode_data({}, {"pictures": "./q"}))
    assert other["hash"] != json.loads(encode_data({}, {"pictures": "./p"}))["hash"]


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_data({"faces": [("left", [np.nan])]}, {})

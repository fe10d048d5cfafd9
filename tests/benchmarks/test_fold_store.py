import json

import numpy as np
import pytest
from benchmarks.fold_store import FoldKey, FoldResult, FoldStore

KEY = FoldKey("net", "a" * 64, seed=666, fold=1, folds=5)


def make_result(key=KEY, **changes):
    values = {
        "code": "c" * 64,
        "ids": ["Ann/0", "Bob/1"],
        "probabilities": np.array([[0.1, 0.9], [1 / 3, 2 / 3]]),
        "seconds": 1.5,
        "revision": "2026-11-26, commit abc",
        "machine": "one core",
        "versions": {"numpy": "2"},
    }
    return FoldResult(key=key, **values | changes)


def test_a_result_is_read_as_it_was_written(tmp_path):
    store = FoldStore(tmp_path)
    assert store.read(KEY) is None

    store.write(make_result())

    found = store.read(KEY)
    np.testing.assert_array_equal(found.probabilities, make_result().probabilities)
    assert found.key == KEY
    assert found.ids == ["Ann/0", "Bob/1"]
    name = f"{'a' * 12}-seed_666-fold_1_of_5.json"
    assert [file.name for file in (tmp_path / "net").iterdir()] == [name]


@pytest.mark.parametrize(
    "change",
    [{"settings": "b" * 64}, {"seed": 1}, {"fold": 2}, {"folds": 3}, {"method": "svm"}],
)
def test_a_result_of_something_else_is_missing(tmp_path, change):
    store = FoldStore(tmp_path)
    store.write(make_result())
    other = FoldKey(**vars(KEY) | change)
    assert store.read(other) is None

    store.find(other).parent.mkdir(exist_ok=True)
    store.find(KEY).rename(store.find(other))  # by hand, under another's name

    assert store.read(other) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda text: "",
        lambda text: "[]",
        lambda text: json.dumps({**json.loads(text), "ids": ["Ann/0"]}),
        lambda text: json.dumps({**json.loads(text), "probabilities": [1, 2]}),
        lambda text: json.dumps({**json.loads(text), "more": 1}),
    ],
)
def test_a_damaged_result_is_missing(tmp_path, damage):
    store = FoldStore(tmp_path)
    store.write(make_result())
    file = store.find(KEY)
    file.write_text(damage(file.read_text()))

    assert store.read(KEY) is None


def test_settings_can_be_read(tmp_path):
    FoldStore(tmp_path).write_settings(KEY, {"settings": {"C": 1.0}})

    file = tmp_path / "net" / f"{'a' * 12}.settings.json"
    assert json.loads(file.read_text()) == {"settings": {"C": 1.0}}

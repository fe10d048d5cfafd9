import tomllib
from pathlib import Path

import pytest

from lfw17_kedro.datasets.remote_folder import EXTRAS
from lfw17_kedro.messages import advise_extra, count_noun, describe_error, one_line
from lfw17_kedro.people.neighbour_index import FAISS


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("as it is", "as it is"),
        ("two\n\n  lines\t", "two lines"),
        ("Zoë Łu", "Zoë Łu"),
        ("a\x00b\ud800\u2028c", "a\\x00b\\ud800 c"),
        ("", ""),
        (ValueError("wrong\nvalue"), "wrong value"),
        (KeyError("ids"), "'ids'"),
    ],
)
def test_text_is_written_on_one_line(text, line):
    assert one_line(text) == line


def test_the_middle_of_a_long_text_is_left_out():
    assert one_line("a" * 10 + "b" * 10, 9) == "aaa...bbb"
    assert len(one_line("c" * 100_000)) <= 300


def test_bytes_that_are_no_text_are_not_repeated():
    with pytest.raises(UnicodeDecodeError) as error:
        (b"\xff" + b"a" * 5000).decode()
    assert one_line(error.value) == "it is not UTF-8 (invalid start byte at 0)"


@pytest.mark.parametrize(
    ("error", "text", "with_type"),
    [
        (ValueError("wrong\nvalue"), "wrong value", "ValueError: wrong value"),
        (MemoryError(), "MemoryError", "MemoryError"),
    ],
)
def test_an_error_without_a_text_has_a_type(error, text, with_type):
    assert describe_error(error) == text
    assert describe_error(error, with_type=True) == with_type


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((1, "photo"), "1 photo"),
        ((0, "photo"), "0 photos"),
        ((2, "photo"), "2 photos"),
        ((1, "person", "people"), "1 person"),
        ((3, "person", "people"), "3 people"),
    ],
)
def test_a_count_agrees_with_its_noun(words, text):
    assert count_noun(*words) == text


def test_advice_names_an_extra_that_exists():
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    extras = tomllib.loads(pyproject.read_text())["project"]["optional-dependencies"]

    assert advise_extra("dask") == (
        "`make extras EXTRAS=dask`, or without make `pip install -e '.[dask]'`"
    )
    assert extras.keys() >= {"dask", FAISS, "heic", *EXTRAS.values()}

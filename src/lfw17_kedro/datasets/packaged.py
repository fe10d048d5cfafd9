"""Data files that come inside installed Python packages."""

from pathlib import Path

from kedro.io import DatasetError

from lfw17_kedro.files.packaged import locate_packaged


def find_packaged(package: str, resource: str, distribution: str) -> Path:
    """Locate a file or folder of an installed package, see `locate_packaged`.

    Raises:
        DatasetError: the package or the resource is missing; says what to install.
    """
    try:
        return locate_packaged(package, resource, distribution)
    except ValueError as error:
        raise DatasetError(str(error)) from error

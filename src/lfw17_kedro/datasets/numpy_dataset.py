"""NumPy arrays on disk: one array as .npy, several as .npz."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError
from numpy.typing import NDArray

Arrays = NDArray[Any] | Mapping[str, NDArray[Any]]


def read_arrays(filepath: Path) -> Any:
    """Read a .npy as an array, a .npz as a dict of arrays; never unpickle.

    Raises:
        DatasetError: no such file, or not a whole array file, or a pickle inside.
    """
    if not filepath.is_file():
        raise DatasetError(
            f"expected a NumPy file at {filepath}, found none; run the pipeline that "
            "writes it again."
        )
    try:
        with filepath.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            return loaded if isinstance(loaded, np.ndarray) else dict(loaded)
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"expected a whole NumPy file without pickled objects at {filepath} "
            f"({filepath.stat().st_size} bytes), got one that NumPy cannot read: "
            f"{error}; make or download it again."
        ) from error


class NumpyDataset(AbstractDataset[Arrays, Any]):
    """One array in a .npy file, or a dict of arrays in a .npz file.

    Example:
        >>> dataset = NumpyDataset(filepath=f"{tmp_path}/faces.npy")
        >>> dataset.save(np.zeros((2, 50, 37)))
        >>> dataset.load().shape
        (2, 50, 37)
    """

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Any:
        return read_arrays(self._filepath)

    def save(self, data: Arrays) -> None:
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        with self._filepath.open("wb") as file:
            if isinstance(data, Mapping):
                np.savez(file, allow_pickle=False, **data)
            else:
                np.save(file, data, allow_pickle=False)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return self._filepath.is_file()

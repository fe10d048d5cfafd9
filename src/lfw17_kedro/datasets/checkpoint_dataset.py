"""Where interrupted training is kept."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


class CheckpointDataset(AbstractDataset[NoReturn, Path]):
    """A folder for the state of training that is under way.

    Loads the folder's path, whether or not there is such a folder: Keras writes into
    it while a node runs, which no catalog entry could do, and takes it up when a run
    was killed. It is empty or gone between runs that ended well.
    """

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Path:
        return self._filepath

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{self._filepath} is written by training itself.")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

"""The folders that hold the checkpoints of interrupted training."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


class CheckpointDataset(AbstractDataset[NoReturn, Path]):
    """A folder for the checkpoints of training that has not ended.

    Loads the folder's path, whether or not the folder exists: `training` writes into
    the folder while a node runs, which no catalog entry could do. After a killed run
    the next one resumes from there. A run that succeeds deletes the checkpoints.
    """

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Path:
        return self._filepath

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"training itself writes {self._filepath}.")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

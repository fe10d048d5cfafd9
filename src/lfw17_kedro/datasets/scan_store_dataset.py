"""What photos showed in earlier runs, kept by content."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.stores.scan_store import OpenStore, ScanStore


class ScanStoreDataset(AbstractDataset[NoReturn, OpenStore]):
    """A folder of scans.

    Loads a function that opens the scans of a fingerprint, with embeddings of a
    dimension. Nodes add to the store while they run, part by part, so that a killed
    run loses little; what a node returns does not depend on what was there before.
    """

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> OpenStore:
        def open_store(fingerprint: str, dimension: int) -> ScanStore:
            return ScanStore(self._filepath, fingerprint, dimension)

        return open_store

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"the search itself writes {self._filepath}.")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

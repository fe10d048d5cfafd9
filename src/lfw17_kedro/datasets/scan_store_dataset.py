"""What photos showed in earlier runs, kept by content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.photos.readers import merge_options
from lfw17_kedro.stores.scan_store import OpenStore, ScanStore


@dataclass(frozen=True)
class StoreOpener:
    """Opens the scans of a fingerprint; in one process, each of them once.

    Attributes:
        folder: path or URL of all fingerprints.
        options: of the filesystem of a URL.
    """

    folder: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _opened: dict[tuple[str, int], ScanStore] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __call__(self, fingerprint: str, dimension: int) -> ScanStore:
        """Open the scans of a fingerprint, with embeddings of a dimension."""
        key = fingerprint, dimension
        if key not in self._opened:
            self._opened[key] = ScanStore(
                self.folder, fingerprint, dimension, self.options
            )
        return self._opened[key]

    def __reduce__(self) -> tuple[Any, ...]:
        """Give another process what to open, not what is open here."""
        return StoreOpener, (self.folder, self.options)


class ScanStoreDataset(AbstractDataset[NoReturn, OpenStore]):
    """A folder of scans, on a disk or, with a URL, in an object store.

    Loads a function that opens the scans of a fingerprint, with embeddings of a
    dimension. Nodes add to the store while they run, part by part, so that a killed
    run loses little. What a node says of the photos of this run does not depend on what
    was there before; corrections of earlier photos are looked up in it, too.

    `credentials` and `fs_args` go to the filesystem of a URL, as in
    `PhotoFolderDataset`, and are never shown.
    """

    def __init__(
        self,
        *,
        filepath: str,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._opener = StoreOpener(filepath, merge_options(credentials, fs_args))
        self.metadata = metadata

    def load(self) -> OpenStore:
        return self._opener

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"the search itself writes {self._opener.folder}.")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._opener.folder}

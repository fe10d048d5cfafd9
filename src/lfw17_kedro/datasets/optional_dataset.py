"""A dataset that may be missing."""

from typing import Any

from kedro.io import AbstractDataset


class OptionalDataset(AbstractDataset[Any, Any]):
    """Wraps a dataset; loads None where it has not been saved yet.

    For outputs that only some of the methods have: `reporting` reads all of them.

    Example:
        >>> dataset = OptionalDataset(
        ...     dataset={"type": "json.JSONDataset", "filepath": f"{tmp_path}/a.json"}
        ... )
        >>> dataset.load() is None
        True
    """

    def __init__(
        self, *, dataset: dict[str, Any], metadata: dict[str, Any] | None = None
    ) -> None:
        self._dataset = AbstractDataset.from_config("optional", dataset)
        self.metadata = metadata
        if hasattr(self._dataset, "preview"):  # Kedro-Viz asks whether there is one
            self.preview = self._dataset.preview

    def load(self) -> Any:
        return self._dataset.load() if self._dataset.exists() else None

    def save(self, data: Any) -> None:
        self._dataset.save(data)

    def _describe(self) -> dict[str, Any]:
        return dict(self._dataset._describe())

    def _exists(self) -> bool:
        return self._dataset.exists()

    def _release(self) -> None:
        self._dataset.release()

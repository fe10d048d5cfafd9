"""What the datasets of one file or folder share."""

from pathlib import Path
from typing import Any, TypeVar

from kedro.io import AbstractDataset

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")


class PathDataset(AbstractDataset[Saved, Loaded]):
    """A file or folder, without further options.

    Subclasses define `load` and `save`; those of a folder that a run may ask for also
    define `_exists`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give a subclass that has no `__init__` of its own the one below.

        Kedro wraps the `__init__` of every subclass to record the arguments, which
        `DataCatalog.to_config` lists. It would wrap an inherited one twice and record
        `args` and `kwargs` instead.
        """
        inherits = "__init__" not in cls.__dict__
        super().__init_subclass__(**kwargs)
        if inherits and "__init__" in cls.__dict__:
            del cls.__init__

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return self._filepath.is_file()

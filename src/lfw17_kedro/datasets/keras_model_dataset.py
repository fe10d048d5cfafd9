"""Keras models as .keras files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

if TYPE_CHECKING:
    import keras


class KerasModelDataset(AbstractDataset["keras.Model", "keras.Model"]):
    """One model in a .keras file, for prediction: its optimizer is not kept."""

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> "keras.Model":
        import keras

        try:
            return keras.models.load_model(self._filepath, compile=False)
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(
                f"expected a whole Keras model at {self._filepath}, got: {error}; "
                "train it again."
            ) from error

    def save(self, data: "keras.Model") -> None:
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        data.save(self._filepath, include_optimizer=False)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return self._filepath.is_file()

"""Keras models as .keras files."""

from typing import TYPE_CHECKING

from kedro.io import DatasetError

from lfw17_kedro.datasets.keras_archive import check_keras_archive
from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.keras_random import hold_layers
from lfw17_kedro.messages import one_line
from lfw17_kedro.start_up import import_tensorflow

if TYPE_CHECKING:
    import keras


class KerasModelDataset(PathDataset["keras.Model", "keras.Model"]):
    """One model in a .keras file, for prediction: its optimizer is not kept.

    Loads only layers that compute; see `check_keras_archive`.
    """

    def load(self) -> "keras.Model":
        import_tensorflow()
        import keras

        try:
            check_keras_archive(self._filepath)
            with hold_layers():
                return keras.models.load_model(
                    self._filepath, compile=False, safe_mode=True
                )
        except Exception as error:  # damaged archives raise nearly every kind of error
            raise DatasetError(
                f"expected a whole Keras model at {self._filepath}, got: "
                f"{one_line(error)}; train it again."
            ) from error

    def save(self, data: "keras.Model") -> None:
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        data.save(self._filepath, include_optimizer=False)

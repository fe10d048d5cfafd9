"""A pickle for other programs, which this project never loads."""

from typing import Any, NoReturn

from kedro.io import DatasetError

from lfw17_kedro.datasets.path_dataset import PathDataset


class PickleExportDataset(PathDataset[Any, NoReturn]):
    """Any object in a file of joblib; write-only.

    Whoever loads a pickle runs whatever code it names, so that one false file is enough
    to take over the machine.
    """

    def load(self) -> NoReturn:
        raise DatasetError(
            f"expected not to load {self._filepath}, which is an export for other "
            "programs: a pickle can run any code, so use it only if you made it "
            "yourself, with `joblib.load`."
        )

    def save(self, data: Any) -> None:
        import joblib

        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        joblib.dump(data, self._filepath)

"""Features of photos in one .npz file."""

import numpy as np
from kedro.io import DatasetError

from lfw17_kedro.datasets.numpy_dataset import read_arrays, write_arrays
from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.messages import describe_error
from lfw17_kedro.types import Features

PREFIX = "array_"  # keeps the names of arrays apart from the file's own two keys


class FeaturesDataset(PathDataset[Features, Features]):
    """`Features` as a .npz file: ids, fingerprint and array_<name>; never unpickles.

    Example:
        >>> dataset = FeaturesDataset(filepath=f"{tmp_path}/features.npz")
        >>> vectors = np.eye(2, dtype=np.float32)
        >>> dataset.save(Features(np.array(["a", "b"]), {"vectors": vectors}, "eye"))
        >>> dataset.load().arrays["vectors"].shape
        (2, 2)
    """

    def load(self) -> Features:
        stored = read_arrays(self._filepath)
        try:
            ids, fingerprint = stored.pop("ids"), str(stored.pop("fingerprint").item())
            arrays = {key.removeprefix(PREFIX): stored[key] for key in stored}
            return Features(ids, arrays, fingerprint)
        except (AttributeError, KeyError, ValueError) as error:
            raise DatasetError(
                f"expected features (ids, fingerprint, {PREFIX}<name>) in "
                f"{self._filepath}, got something else: "
                f"{describe_error(error, with_type=True)}; run the pipeline again, "
                "which computes them."
            ) from error

    def save(self, data: Features) -> None:
        arrays = {f"{PREFIX}{name}": array for name, array in data.arrays.items()}
        fingerprint = np.array(data.fingerprint)
        own = {"ids": data.ids, "fingerprint": fingerprint}
        write_arrays(self._filepath, own | arrays)

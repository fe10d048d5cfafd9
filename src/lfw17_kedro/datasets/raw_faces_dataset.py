"""Raw faces that a pipeline made, in one .npz file."""

import json
from dataclasses import asdict

import numpy as np
from kedro.io import DatasetError

from lfw17_kedro.datasets.numpy_dataset import read_arrays, write_arrays
from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.messages import describe_error
from lfw17_kedro.types import RawFaces, SourceCard

CARD = "card"
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


class RawFacesDataset(PathDataset[RawFaces, RawFaces]):
    """`RawFaces` with test labels as a .npz file; never unpickles.

    Example:
        >>> dataset = RawFacesDataset(filepath=f"{tmp_path}/faces.npz")
        >>> images, labels = np.zeros((1, 6), np.float32), np.zeros(1, np.int64)
        >>> card = SourceCard("mine", "me")
        >>> dataset.save(RawFaces(images, labels, images, labels, ["Ann"], card))
        >>> dataset.load().class_names
        ['Ann']
    """

    def load(self) -> RawFaces:
        advice = "run `kedro run --env people --pipelines enrol` to make it"
        if not self._filepath.exists():
            raise DatasetError(
                f"expected the crops of enrolled people in {self._filepath}, found no "
                f"such file; {advice}."
            )
        stored = read_arrays(self._filepath)
        try:
            card = json.loads(str(stored[CARD].item()))
            arrays = {name: stored[name] for name in ARRAYS}
            names = [str(name) for name in card["class_names"]]
            return RawFaces(
                **arrays, class_names=names, source=SourceCard(**card["source"])
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                f"expected raw faces ({', '.join(ARRAYS)}, {CARD}) in "
                f"{self._filepath}, got something else: "
                f"{describe_error(error, with_type=True)}; {advice} again."
            ) from error

    def save(self, data: RawFaces) -> None:
        card = {"class_names": data.class_names, "source": asdict(data.source)}
        arrays = {name: getattr(data, name) for name in ARRAYS}
        write_arrays(self._filepath, arrays | {CARD: np.array(json.dumps(card))})

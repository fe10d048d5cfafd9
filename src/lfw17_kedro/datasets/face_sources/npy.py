"""The competition's own files, or other arrays in the same files."""

from pathlib import Path
from typing import Any

from kedro.io import DatasetError
from numpy.typing import NDArray

from lfw17_kedro.datasets.numpy_dataset import read_array
from lfw17_kedro.types import RawFaces, SourceCard

CARD = SourceCard(
    name="LFW17, the competition's files",
    credit=(
        "Kaggle, Labeled Faces in the Wild 2017; photos of Huang et al. 2007, "
        "University of Massachusetts, TR 07-49."
    ),
)
# Of the competition: label k is CLASS_NAMES[k].
CLASS_NAMES = (
    "Ariel Sharon",
    "Colin Powell",
    "Donald Rumsfeld",
    "George W Bush",
    "Gerhard Schroeder",
    "Hugo Chavez",
    "Tony Blair",
)
NEEDED = ("X_train", "y_train", "X_test")


def read_npy_faces(
    *,
    filepath: str,
    class_names: list[str] | None = None,
    name: str = CARD.name,
    credit: str = CARD.credit,
) -> RawFaces:
    """Read the files of the competition, as Kaggle gives them, from one folder.

    X_train.npy (N, H*W), y_train.npy (N,), X_test.npy (M, H*W) and, if there is one,
    y_test.npy (M,).

    Args:
        filepath: the folder.
        class_names: the K names; label k is `class_names[k]`. None for `CLASS_NAMES`.
        name: the data set's name, for the report.
        credit: who made the data set, for the report.

    Raises:
        DatasetError: a file is missing or damaged.
    """
    folder = Path(filepath)
    missing = [file for file in NEEDED if not (folder / f"{file}.npy").is_file()]
    if missing:
        raise DatasetError(
            f"expected X_train.npy, y_train.npy and X_test.npy in {folder}, missing: "
            f"{', '.join(missing)}; put the competition's files there, or name their "
            "folder with `--params raw_folder=FOLDER`."
        )
    arrays: list[NDArray[Any]] = [read_array(folder / f"{n}.npy") for n in NEEDED]
    train_images, train_labels, test_images = arrays
    test_labels = folder / "y_test.npy"
    return RawFaces(
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=read_array(test_labels) if test_labels.exists() else None,
        class_names=[*CLASS_NAMES] if class_names is None else class_names,
        source=SourceCard(name, credit),
    )

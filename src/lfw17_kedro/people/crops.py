"""Small grey crops of the people enrolled, for the methods of the study."""

import io

import numpy as np
import pandas as pd
from PIL import Image

from lfw17_kedro.gallery_types import Gallery
from lfw17_kedro.people.pictures import PictureStore, find_places
from lfw17_kedro.types import F32, I64, Bools, RawFaces, SourceCard

CARD = SourceCard(
    name="Your own people",
    credit=(
        "your own photos, without those that enrolment left out, since they are small "
        "or blurred or look like somebody else: the scores are optimistic"
    ),
)


def cut_crops(
    gallery: Gallery, store: PictureStore, height: int, width: int, test_fraction: float
) -> RawFaces:
    """Cut the enrolled faces to the images that the methods of the study take.

    The last photos of each person test, the others train; a person with one photo only
    trains.

    Args:
        gallery: K people, N photos.
        store: has the aligned faces.
        height: rows of an image, pixels.
        width: columns of an image, pixels.
        test_fraction: fraction of each person's photos that test, rounded; at least one
            photo trains.

    Raises:
        LostScansError: the store has lost the scan of a photo.
        ValueError: the store has lost a picture.
    """
    places = find_places(gallery.faces, store)
    jpgs = {
        (sha256, face): jpg
        for sha256, face, jpg in store.read_pictures({one for one, _ in places})
    }
    if lost := [sha256 for sha256, face in places if (sha256, face) not in jpgs]:
        raise ValueError(
            f"expected pictures of {len(places)} enrolled faces, got {len(lost)} "
            "fewer: a file that held them is damaged; enrol again, which searches "
            "these photos again."
        )
    rows = [_cut(jpgs[place], height, width) for place in places]
    images = np.reshape(rows, (-1, height * width)).astype(np.float32)
    people = list(gallery.people)
    enrolled = pd.Index(gallery.faces["person"])
    labels: I64 = pd.Index(people).get_indexer(enrolled).astype(np.int64)
    tests = _choose_tests(labels, test_fraction)
    return RawFaces(
        train_images=images[~tests],
        train_labels=labels[~tests],
        test_images=images[tests],
        test_labels=labels[tests],
        class_names=people,
        source=CARD,
    )


def _choose_tests(labels: I64, test_fraction: float) -> Bools:
    """Choose the last photos of each person."""
    tests = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        count = min(round(test_fraction * len(rows)), len(rows) - 1)
        tests[rows[len(rows) - count :]] = True
    return tests


def _cut(jpg: bytes, height: int, width: int) -> F32:
    """Cut the middle of an aligned face, of the aspect asked for, and reduce it."""
    with Image.open(io.BytesIO(jpg), formats=["JPEG"]) as face:
        scale = min(face.width / width, face.height / height)
        size = np.array([width, height]) * scale
        left, top = (np.array(face.size) - size) / 2
        box = (left, top, left + size[0], top + size[1])
        small = face.convert("L").resize((width, height), Image.Resampling.BICUBIC, box)
        return np.asarray(small, np.float32).ravel()

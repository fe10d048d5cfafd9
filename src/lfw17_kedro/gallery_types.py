"""Plain types of the gallery: who is enrolled, and the names that faces are given.

Axes: N faces, D embedding dimensions, K people.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

import numpy as np

from lfw17_kedro.scan_types import BOX, FACE_COLUMNS, LANDMARKS
from lfw17_kedro.types import F32, F64, SMALLEST_FACE, EncoderOptions, Table

UNKNOWN_NAME = "unknown"  # the name of a face that is nobody enrolled
IGNORED_NAME = "ignored"  # of one that the user does not want to see
RESERVED_NAMES = (UNKNOWN_NAME, IGNORED_NAME)
MODEL, CORRECTION = "model", "correction"  # who named a face

MATCH_COLUMNS = (
    "name",
    "nearest",
    "similarity",
    "second",
    "margin",
    "false_accept_rate",
    "nearest_photo",
)
IDENTIFIED_COLUMNS = (
    "face_id",
    "photo",
    *BOX,
    *LANDMARKS,
    "detection",
    *MATCH_COLUMNS,
    "group",
    "source",
)
"""Of faces.csv, one row for each face of each photo.

photo: path relative to the folder. name: a person, `UNKNOWN_NAME` or `IGNORED_NAME`.
nearest: the enrolled person with the greatest similarity, a cosine; "" if nobody is
enrolled. second: the person after. margin: similarity less that of the second, NaN
where there is none. false_accept_rate: the fraction of impostors that score at least as
high. nearest_photo: of the nearest person. group: `unknown-001` for unknown faces that
show one person, else "". source: `MODEL` or `CORRECTION`.
"""

# What became of a photo of enrolment.csv, what asks for the user first.
LEFT_OUT, CHECK, ENROLLED = ACTIONS = "left out", "enrolled, check it", "enrolled"

ENROLMENT_COLUMNS = (
    "person",
    "photo",
    "action",
    "reason",
    "detection",
    "sharpness",
    "extent",
    "similarity",
    "nearest_other",
    "similarity_other",
)
"""Of enrolment.csv, one row per photo.

action: one of `ACTIONS`. reason: why, "" if enrolled.
detection, sharpness, extent: of the face. similarity: to the person's template made
without this photo. nearest_other: the other person whom it is most like.
similarity_other: to that person's template.
"""

DOUBTFUL_COLUMNS = (
    "person",
    "photo",
    "action",
    "similarity",
    "picture",
    "other",
    "other_photo",
    "similarity_other",
    "other_picture",
)
"""Of the faces that agree better with another person, one row each, those most like the
other person first.

picture, other_picture: names of files, "" where there is no picture. other_photo: the
enrolled photo of the other person that is most like the face, "" where none is known.
The rest: see `ENROLMENT_COLUMNS`.
"""


class ListedCorrection(TypedDict):
    """A line of the user's corrections.csv, as the album takes it.

    Keys:
        cells: the texts of the file's columns.
        face: the face_id of the face that it is about, "" if that is not here.
    """

    cells: list[str]
    face: str


class Forbidden(NamedTuple):
    """The names that N faces must not be given; row: position of a face.

    Attributes:
        people: row -> people, as positions in `Gallery.people`.
        faces: rows of faces that must be given nobody's name.
    """

    people: Mapping[int, AbstractSet[int]]
    faces: AbstractSet[int]


NOTHING_FORBIDDEN = Forbidden({}, frozenset())


@dataclass(frozen=True)
class OpenSetThreshold:
    """The similarity threshold for naming a face, and what it was chosen from.

    Attributes:
        value: min cosine to a person's template.
        rate: the false accept rate asked for, 0-1.
        attainable_rate: the smallest rate that this many impostors can show.
        leave_one_out: (n,) float64, sorted: the greatest similarity of each enrolled
            photo to the other people; empty with fewer than two people.
        cohort: (m,) float64, sorted: the greatest similarity of each stranger of the
            cohort to any person.
        genuine: (p,) float64, sorted: the similarity of each enrolled photo to its own
            person's template made without it; of people with one photo there is none.
    """

    value: float
    rate: float
    attainable_rate: float
    leave_one_out: F64 = field(repr=False)
    cohort: F64 = field(repr=False)
    genuine: F64 = field(repr=False)


SCORE_KINDS = ("leave_one_out", "cohort", "genuine")  # of `OpenSetThreshold`

GALLERY_COLUMNS = ("person", "photo", *FACE_COLUMNS, "picture_hash")
"""Of `Gallery.faces`.

photo: path relative to the people's folder. picture_hash: of `PHOTO_COLUMNS`, "" for a
face that a correction enrolled.
"""

PUBLISHED = EncoderOptions(precision="auto")  # the published weights


@dataclass(frozen=True)
class GallerySettings:
    """What is needed to embed and enrol further faces as those of a gallery.

    The defaults are those of conf/base/parameters_people.yml, where they are explained.

    Attributes:
        encoder: a key of `encoders.registry.ENCODERS`.
        encoder_options: options of the encoder; a gallery has the precision that was
            chosen, never auto.
        sizes: min and max short side and padding of each copy that is searched.
        thresholds, min_face_size: settings of the detector.
        max_long_side, turn, batch_size, test_time_flip: see `people.scan.ScanSettings`.
        min_extent, min_sharpness, max_different_bits: see `people.gate.QualityGate`.

    Raises:
        ValueError: with these values no face could be searched.
    """

    encoder: str = "dlib_resnet"
    encoder_options: EncoderOptions = PUBLISHED
    max_long_side: int = 1920
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.8)
    min_face_size: float = 24.0
    sizes: tuple[tuple[int, int, float], ...] = ((240, 960, 0.1), (74, 222, 0.27))
    turn: bool = True
    batch_size: int = 16
    test_time_flip: bool = True
    min_extent: float = 15.0
    min_sharpness: float = 1.0
    max_different_bits: int = 2

    def __post_init__(self) -> None:
        """Refuse values with which no face could be searched."""
        sizes_fit = all(
            1 <= least <= most and 0 <= padding < float("inf")
            for least, most, padding in self.sizes
        )
        expected = {
            "max_long_side": ("at least 1", self.max_long_side >= 1),
            "thresholds": (
                "numbers from 0 to 1",
                all(0 <= one <= 1 for one in self.thresholds),
            ),
            "min_face_size": (
                f"a number of at least {SMALLEST_FACE}",
                SMALLEST_FACE <= self.min_face_size < float("inf"),
            ),
            "sizes": (
                "at least one (min short side, max short side, padding), sides from 1 "
                "on, the max not below the min, a padding of at least 0",
                bool(self.sizes) and sizes_fit,
            ),
            "batch_size": ("at least 1", self.batch_size >= 1),
        }
        for name, (wanted, fits) in expected.items():
            if not fits:
                raise ValueError(
                    f"{name} of GallerySettings: expected {wanted}, got "
                    f"{getattr(self, name)!r}; the default is "
                    f"{getattr(GallerySettings, name)!r}."
                )


class Cohort(NamedTuple):
    """Strangers that thresholds are measured with.

    Attributes:
        people: the stranger of each of M faces.
        vectors: (M, D) float32 of L2 norm 1.
    """

    people: tuple[str, ...] = ()
    vectors: F32 = np.empty((0, 0), np.float32)


NO_COHORT = Cohort()


@dataclass(frozen=True)
class Gallery:
    """The people enrolled.

    Attributes:
        people: the K names, sorted.
        faces: N rows, `GALLERY_COLUMNS`: the enrolled face of each photo.
        vectors: (N, D) float32 of L2 norm 1, of `faces`.
        templates: (K, D) float32 of L2 norm 1: the mean of each person's vectors.
        threshold: the similarity threshold.
        fingerprint: fingerprint of the scan that the vectors come from.
        cohort: all strangers, also those who are among the people.
        settings: those that the gallery was made with; None if not known.
        is_incomplete: whether corrections enrol faces of photos that were not searched
            yet. It is not stored: it tells a run to make the gallery again.
    """

    people: tuple[str, ...]
    faces: Table
    vectors: F32
    templates: F32
    threshold: OpenSetThreshold
    fingerprint: str
    cohort: Cohort = NO_COHORT
    settings: GallerySettings | None = None
    is_incomplete: bool = False

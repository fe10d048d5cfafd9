"""What `Identifier` gives."""

from dataclasses import dataclass, field

import numpy as np

from lfw17_kedro.gallery_types import Gallery
from lfw17_kedro.people.match import match_faces
from lfw17_kedro.scan_types import MemoryVectors, Scanned
from lfw17_kedro.types import F32, F64


@dataclass(frozen=True, eq=False)
class IdentifiedFace:
    """One face of an image; box and landmarks in pixels of the upright image.

    Attributes:
        name: the person's name, or `unknown`.
        similarity: cosine to the nearest person; NaN if nobody is enrolled.
        nearest: the person with the greatest similarity, "" if nobody is enrolled.
        second: the person with the second greatest similarity, "" if there is none.
        margin: `similarity` less the similarity to `second`; NaN if there is none.
        false_accept_rate: fraction of impostors that score at least as high, 0-1; NaN
            without impostors.
        box: (4,) float64: left, top, right, bottom.
        landmarks: (5, 2) float64, x and y of left eye, right eye, nose, left and right
            mouth corner; left is the viewer's left.
        detection: the detector's score, 0-1.
        embedding: (D,) float32 of L2 norm 1.
    """

    name: str
    similarity: float
    nearest: str
    second: str
    margin: float
    false_accept_rate: float
    box: F64
    landmarks: F64 = field(repr=False)
    detection: float
    embedding: F32 = field(repr=False)


@dataclass(frozen=True)
class EnrolmentNote:
    """What became of an image that was to be enrolled.

    Attributes:
        image: file name of a path, else `image 1` and so on.
        enrolled: whether the image was enrolled; else it was left out.
        reason: why it was left out, or why an enrolled one should be checked; else "".
    """

    image: str
    enrolled: bool
    reason: str


@dataclass(frozen=True)
class Verification:
    """Whether two faces show one person.

    Attributes:
        similarity: cosine of the two embeddings.
        same: whether the similarity is at least the threshold.
        threshold: min similarity of two single faces of one person; the gallery's
            threshold is for a face and a person.
        false_accept_rate: fraction of pairs of two people that are at least as similar,
            0-1; NaN if there are none.
        cohort_pairs: pairs of two strangers that the threshold rests on.
        enrolled_pairs: pairs of two enrolled people that the threshold rests on.
            Without pairs of either kind the threshold is the one that was published for
            the encoder.
    """

    similarity: float
    same: bool
    threshold: float
    false_accept_rate: float
    cohort_pairs: int
    enrolled_pairs: int


def name_faces(scanned: Scanned, gallery: Gallery) -> list[IdentifiedFace]:
    """Name the faces of one image, from left to right.

    Args:
        scanned: what the image shows.
        gallery: the people enrolled.
    """
    if not len(scanned.boxes):
        return []
    image = np.zeros(len(scanned.boxes), np.int64)
    table = match_faces(MemoryVectors(scanned.vectors), image, gallery)
    columns = ["name", "similarity", "nearest", "second", "margin", "false_accept_rate"]
    matches = table[columns].to_dict("list")
    return [
        IdentifiedFace(
            **{str(column): values[row] for column, values in matches.items()},
            box=scanned.boxes[row],
            landmarks=scanned.landmarks[row],
            detection=float(scanned.detection[row]),
            embedding=scanned.vectors[row],
        )
        for row in np.argsort(scanned.boxes[:, 0], kind="stable")
    ]

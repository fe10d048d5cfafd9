import numpy as np
from invented_scans import make_scan

from lfw17_kedro.people.chosen import find_chosen
from lfw17_kedro.people.corrections_file import Correction

SHA256 = "a" * 64
FACES = [
    {"vector": (1, 0, 0), "box": (10, 10, 60, 60)},
    {"vector": (0, 1, 0), "box": (110, 10, 160, 60)},
    {"vector": (0, 0, 1), "box": (180, 80, 230, 130)},  # photos are 200 x 100
]


class Store:
    """One photo that was scanned."""

    def find(self, starts):
        return [SHA256 if SHA256.startswith(digits) else None for digits in starts]

    def read(self, sha256):
        return make_scan(dict.fromkeys(sha256, FACES))


def choose(**correction):
    one = Correction("is", "Ann", **{"enrol": True, "line": 7} | correction)
    return find_chosen([one], Store())


def test_a_face_is_found_by_its_id():
    [chosen], missing = choose(face_id=f"{'a' * 16}_110_10_160_60", photo="p.jpg")

    assert (chosen.person, chosen.photo, missing) == ("Ann", "p.jpg", [])
    assert chosen.face["left"] == 110
    np.testing.assert_allclose(chosen.vector, [0, 1, 0])


def test_a_face_is_found_again_if_detection_has_changed():
    [chosen], _ = choose(face_id=f"{'a' * 16}_112_5_158_66")

    assert chosen.face["left"] == 110


def test_a_photo_that_a_spreadsheet_would_run_is_spelled_so_that_none_does():
    [chosen], _ = choose(face_id=f"{'a' * 16}_110_10_160_60", photo="=1+1.jpg")

    assert chosen.photo == "./=1+1.jpg"


def test_a_face_at_the_corner_of_a_photo_is_found():
    """Its id has 20 x 20 of the 50 x 50 pixels of its box: an overlap of 0.16."""
    for box in ("180_80_200_100", "181_82_200_100"):  # the second: 342 of 400
        [chosen], missing = choose(face_id=f"{'a' * 16}_{box}")

        assert missing == []
        np.testing.assert_allclose(chosen.vector, [0, 0, 1])


def test_corrections_that_enrol_nothing_are_passed_over():
    assert choose(face_id=f"{'a' * 16}_110_10_160_60", enrol=False) == ([], [])


def test_a_face_that_cannot_be_enrolled_is_named_with_its_line():
    reasons = [
        choose(photo="p.jpg"),
        choose(face_id=f"{'b' * 16}_1_1_9_9"),
        choose(face_id=f"{'a' * 16}_70_70_90_90"),
    ]

    assert [
        [(one.correction.line, one.reason) for one in missing] for _, missing in reasons
    ] == [
        [(7, "expected a face_id to enrol a face, got only a photo; copy the face_id")],
        [
            (
                7,
                "the photo of this face was not searched yet; run once more to enrol "
                "it, or clear enrol if the photo is no longer there",
            )
        ],
        [(7, "no face is found there any more, so it is not enrolled")],
    ]

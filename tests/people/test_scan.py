"""`scan_photos` with a detector and an encoder that are told what to see.

A face is a bright square on black; its side that is up has the brighter half.
"""

import hashlib
import io
import weakref

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lfw17_kedro.faces.search import CopySize
from lfw17_kedro.people import scan
from lfw17_kedro.people.scan import ScanSettings, encode_picture, scan_photos
from lfw17_kedro.types import Encoder, EncoderCard, Face

SIDE = 24  # of a photo's short side, unless it says otherwise
FACE = 8  # side of a face, pixels
UP, DOWN = 255, 160  # grey values of a face's halves
TOO_DARK = 100
DIMENSION = 4

CARD = EncoderCard("mean", "box", 8, DIMENSION, "none", "0" * 64, margin=0)


def embed(faces):
    """Embed a face by its mean grey value and an angle: rows of any length."""
    mean = faces.reshape(len(faces), -1).mean(axis=1, dtype=np.float32)
    return np.stack([mean, 0 * mean + 50, 0 * mean, 0 * mean], axis=1)


ENCODER = Encoder(CARD, embed)


def detect(photos):
    """Find upright faces: bright squares whose upper half is the brighter one."""
    return [list(_find(photo)) for photo in photos]


def _find(photo):
    grey = photo[..., 0].astype(int)
    seen = grey > TOO_DARK
    rows = np.flatnonzero(seen.any(axis=1))
    if not len(rows):
        return
    columns = np.flatnonzero(seen.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    face = grey[top:bottom, left:right]
    half = len(face) // 2
    if face[:half].mean() > face[-half:].mean() + 20:
        box = np.array([left, top, right, bottom], np.float64)
        x, y, w, h = left, top, right - left, bottom - top
        points = [(0.25, 0.25), (0.75, 0.25), (0.5, 0.5), (0.3, 0.75), (0.7, 0.75)]
        marks = np.array([(x + w * a, y + h * b) for a, b in points])
        yield Face(box, marks, 0.9)


def draw(left=4, top=6, height=SIDE, width=32, side=FACE):
    """Draw a photo with one upright face."""
    photo = np.zeros((height, width), np.uint8)
    photo[top : top + side // 2, left : left + side] = UP
    photo[top + side // 2 : top + side, left : left + side] = DOWN
    return photo


def encode(photo, kind="PNG", orientation=None, **options):
    file = io.BytesIO()
    if orientation is not None:
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = orientation
    Image.fromarray(photo).save(file, kind, **options)
    return file.getvalue()


def settings(**changes):
    chosen = {
        "max_long_side": 1000,
        "sizes": (CopySize(1, 1000, 0.1),),  # photos as they are
        "batch_size": 2,
        "test_time_flip": False,
        "turn": True,
    }
    return ScanSettings(**chosen | changes)


def run(contents, detect=detect, encoder=ENCODER, **changes):
    """Scan photos, name -> bytes; gives name -> what it shows."""
    names = {hashlib.sha256(name.encode()).hexdigest(): name for name in contents}

    def read(name):
        if isinstance(contents[name], Exception):
            raise contents[name]
        return contents[name]

    found = list(scan_photos(names.items(), read, detect, encoder, settings(**changes)))
    assert sorted(one.sha256 for one in found) == sorted(names)
    return {names[one.sha256]: one for one in found}


def scan_one(content, **changes):
    return run({"a": content}, **changes)["a"]


def test_face_is_found_in_pixels_of_the_photo():
    shown = scan_one(encode(draw()))

    assert (shown.problem, shown.turned, shown.orientation) == ("", 0, 1)
    assert (shown.height, shown.width) == (24, 32)
    np.testing.assert_allclose(shown.boxes, [[4, 6, 12, 14]])
    expected = [[6, 8], [10, 8], [8, 10], [6.4, 12], [9.6, 12]]
    np.testing.assert_allclose(shown.landmarks, [expected])
    assert shown.detection.tolist() == [0.9]
    np.testing.assert_allclose(shown.extent, [4])  # between the eyes, and to the mouth
    assert shown.sharpness > 0
    mean = (UP + DOWN) / 2
    expected = np.array([mean, 50, 0, 0]) / np.hypot(mean, 50)
    np.testing.assert_allclose(shown.vectors, [expected], rtol=1e-2)
    assert shown.vectors.dtype == np.float32
    assert len(shown.picture_hash) == 16


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_photo_that_lies_is_turned_clockwise_until_it_shows_a_face(turned):
    lying = np.rot90(draw(), turned // 90)  # counterclockwise

    shown = scan_one(encode(lying))

    assert shown.turned == turned
    assert (shown.height, shown.width) == (24, 32)
    np.testing.assert_allclose(shown.boxes, [[4, 6, 12, 14]])
    picture = np.asarray(Image.open(io.BytesIO(shown.picture)))
    assert picture.shape == (24, 32)
    assert picture[7, 8] > 230  # the brighter half is up
    assert abs(int(picture[13, 8]) - DOWN) < 25
    upright = np.asarray(Image.open(io.BytesIO(shown.face_pictures[0])).convert("L"))
    assert upright[1].mean() > upright[-2].mean() + 50
    assert shown.picture_hash == scan_one(encode(draw())).picture_hash


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_turned_faces_come_back_in_full_size_pixels(turned):
    large = np.kron(draw(), np.ones((5, 5), np.uint8))  # 120 x 160
    lying = np.rot90(large, turned // 90)

    shown = scan_one(encode(lying), max_long_side=32)

    assert (shown.turned, shown.height, shown.width) == (turned, 120, 160)
    np.testing.assert_allclose(shown.boxes, [[20, 30, 60, 70]], atol=5.1)
    np.testing.assert_allclose(shown.extent, [20], atol=3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_exif_orientation_is_kept_and_the_photo_not_turned_again(kind, orientation):
    tried = []

    def find_nothing(photos):
        tried.append(photos[0].shape)
        return [[] for _ in photos]

    lying = encode(np.rot90(draw(), 2), kind, orientation)
    shown = scan_one(lying, detect=find_nothing)

    assert len(tried) == 1
    assert (shown.orientation, shown.turned) == (orientation, 0)
    sides = (24, 32) if orientation < 5 else (32, 24)
    assert (shown.height, shown.width) == sides
    assert len(shown.boxes) == len(shown.face_pictures) == 0
    assert shown.vectors.shape == (0, DIMENSION)


def test_photo_by_exif_shows_its_face_upright():
    stored = np.rot90(draw())  # orientation 6: turn it clockwise by 90 degrees

    shown = scan_one(encode(stored, "JPEG", 6, quality=95))

    assert (shown.orientation, shown.turned) == (6, 0)
    assert (shown.height, shown.width) == (24, 32)
    np.testing.assert_allclose(shown.boxes, [[4, 6, 12, 14]], atol=1)


def test_photos_are_not_turned_unless_asked_to():
    shown = scan_one(encode(np.rot90(draw())), turn=False)

    assert (shown.turned, len(shown.boxes)) == (0, 0)


def test_quarter_with_the_greatest_scores_wins():
    corners = {(0, 0): 0, (0, -1): 0.6, (-1, -1): 0.8, (-1, 0): 0.7}  # clockwise

    def find_by_corner(photos):
        marks = np.array([[1.0, 1], [5, 1], [3, 3], [1, 5], [5, 5]])
        box = np.array([0.0, 0, 6, 6])
        scores = [
            max(score for corner, score in corners.items() if photo[corner][0] == 9)
            for photo in photos
        ]
        return [[Face(box, marks, score)] if score else [] for score in scores]

    photo = np.zeros((24, 32), np.uint8)
    photo[0, 0] = 9

    shown = scan_one(encode(photo), detect=find_by_corner, sizes=(CopySize(1, 99, 0),))

    assert (shown.turned, shown.detection.tolist()) == (180, [0.8])


def test_photo_that_no_quarter_helps_stays_as_it_came():
    photo = draw()[:, ::-1] // 3  # too dark for a face

    shown = scan_one(encode(photo))

    assert (shown.turned, shown.height, shown.width) == (0, 24, 32)
    assert len(shown.boxes) == 0
    assert shown.picture


@pytest.mark.parametrize("max_long_side", [32, 64, 160])
def test_reduced_photos_scale_back_to_full_size(max_long_side):
    large = np.kron(draw(), np.ones((10, 10), np.uint8))  # 240 x 320

    shown = scan_one(encode(large), max_long_side=max_long_side)

    assert (shown.height, shown.width) == (240, 320)
    within = 1.01 * 320 / max_long_side  # a pixel of the reduced photo
    np.testing.assert_allclose(shown.boxes, [[40, 60, 120, 140]], atol=within)


def test_unreadable_photos_carry_their_problem_and_the_others_go_on():
    whole = encode(draw())
    shown = run(
        {
            "text.jpg": b"no photo",
            "whole.png": whole,
            "cut.png": whole[:60],
            "gone.jpg": FileNotFoundError(2, "No such file", "gone.jpg"),
            "silent.jpg": OSError(),
        }
    )

    assert shown["whole.png"].problem == ""
    assert len(shown["whole.png"].boxes) == 1
    assert "expected a photo at text.jpg, got 8 bytes" in shown["text.jpg"].problem
    assert "expected a photo at cut.png, got 60 bytes" in shown["cut.png"].problem
    assert "No such file" in shown["gone.jpg"].problem
    assert shown["silent.jpg"].problem == "OSError"
    for name in set(shown) - {"whole.png"}:
        assert (shown[name].height, shown[name].picture) == (0, b"")
        assert len(shown[name].boxes) == 0


def test_only_unreadable_photos_ask_no_network():
    def refuse(_):
        raise AssertionError

    shown = run({"a": b"", "b": b"x"}, detect=refuse, encoder=Encoder(CARD, refuse))

    assert all(one.problem for one in shown.values())
    assert run({}, detect=refuse) == {}


def test_faces_in_the_repeated_edges_are_dropped():
    def find_border(photos):
        border = round(0.1 * SIDE)
        faces = [
            [[0, 0, 2, 2], 0.8],  # centre at -1, -1 of the photo
            [[0, 0, 2 * border + 4, 2 * border + 4], 0.7],  # centre at 2, 2
        ]
        marks = np.array([[1.0, 1], [5, 1], [3, 3], [1, 5], [5, 5]]) + border
        return [[Face(np.array(b, float), marks, c) for b, c in faces] for _ in photos]

    shown = scan_one(encode(draw()), detect=find_border)

    assert shown.detection.tolist() == [0.7]
    np.testing.assert_allclose(shown.boxes, [[-2, -2, 6, 6]])


def test_grey_and_colour_embed_alike():
    grey = draw()

    shown = run({"grey": encode(grey), "rgb": encode(np.stack([grey] * 3, axis=-1))})

    np.testing.assert_array_equal(shown["grey"].vectors, shown["rgb"].vectors)
    assert shown["grey"].picture_hash == shown["rgb"].picture_hash


def test_sixty_faces_in_one_photo_come_in_order():
    def find_many(photos):
        marks = np.array([[1.0, 1], [5, 1], [3, 3], [1, 5], [5, 5]])
        boxes = np.arange(60)[:, None] / 4 + [2, 2, 8, 8]
        return [
            [Face(box, marks + n / 4, n / 60) for n, box in enumerate(boxes)]
            for _ in photos
        ]

    shown = scan_one(encode(draw()), detect=find_many, batch_size=7)

    assert shown.detection.tolist() == [n / 60 for n in range(60)]
    assert shown.vectors.shape == (60, DIMENSION)
    assert len(shown.face_pictures) == 60
    np.testing.assert_allclose(np.linalg.norm(shown.vectors, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (5, 5)])
def test_tiny_and_long_photos_are_searched_too(shape):
    shown = scan_one(encode(np.zeros(shape, np.uint8)))

    assert (shown.height, shown.width, shown.problem) == (*shape, "")


KINDS = {
    "upright": encode(draw()),
    "lying": encode(np.rot90(draw(left=11))),
    "on its head": encode(np.rot90(draw(left=8), 2)),
    "dark": encode(draw() // 3),
    "dark by exif": encode(draw() // 3, "JPEG", 1),
    "square": encode(draw(top=2, height=32)),
    "large": encode(np.kron(draw(left=18), np.ones((3, 3), np.uint8))),
    "broken": b"broken",
}


@hypothesis.settings(deadline=None, max_examples=30)
@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), max_size=20),
    batch_size=st.integers(1, 9),
)
def test_nothing_is_lost_doubled_or_mixed_up_whatever_the_batches(kinds, batch_size):
    photos = {f"{n} {kind}": KINDS[kind] for n, kind in enumerate(kinds)}

    shown = run(photos, batch_size=batch_size, max_long_side=64)

    for name, one in shown.items():
        alone = ALONE[name.partition(" ")[2]]
        assert bool(one.problem) == bool(alone.problem)
        for field in ("height", "width", "orientation", "turned", "picture_hash"):
            assert getattr(one, field) == getattr(alone, field)
        for field in ("boxes", "landmarks", "vectors", "sharpness", "extent"):
            np.testing.assert_allclose(getattr(one, field), getattr(alone, field))
        assert (one.picture, one.face_pictures) == (alone.picture, alone.face_pictures)


ALONE = {
    kind: scan_one(content, batch_size=1, max_long_side=64)
    for kind, content in KINDS.items()
}


@pytest.mark.parametrize("kind", ["upright", "lying", "dark"])
def test_few_photos_are_in_memory(kind, monkeypatch):
    alive, most = set(), []
    decode = scan.decode_upright

    def decode_watched(content, name, max_long_side):
        photo = decode(content, name, max_long_side)
        pixels = photo.pixels.copy()
        alive.add(name)
        weakref.finalize(pixels, alive.discard, name)
        most.append(len(alive))
        return photo._replace(pixels=pixels)

    monkeypatch.setattr(scan, "decode_upright", decode_watched)
    contents = [(f"{n:064x}", f"{n}") for n in range(300)]
    batch = 4

    found = scan_photos(
        contents, lambda _: KINDS[kind], detect, ENCODER, settings(batch_size=batch)
    )
    assert sum(1 for _ in found) == 300

    # opened and copied ahead, waiting for a batch, for a turn, and for the encoder
    assert max(most) <= 6 * batch


def test_test_time_flip_averages_with_the_mirror_image():
    def embed_sides(faces):  # mean of the left half, mean of the right one
        halves = faces[..., 0].reshape(len(faces), 8, 2, 4).astype(np.float32)
        return halves.mean(axis=(1, 3))

    card = EncoderCard("sides", "box", 8, 2, "none", "0" * 64, margin=0)
    encoder = Encoder(card, embed_sides)
    photo = draw()
    photo[6:10, 8:12] = 220  # the face's right half is darker

    plain = scan_one(encode(photo), encoder=encoder)
    flipped = scan_one(encode(photo), encoder=encoder, test_time_flip=True)

    assert plain.vectors[0, 0] > plain.vectors[0, 1] + 0.01
    np.testing.assert_allclose(flipped.vectors, [[0.5**0.5, 0.5**0.5]], rtol=1e-5)


def test_fingerprint_changes_with_each_setting_but_not_with_the_batch():
    first = settings().fingerprint(CARD, "detector")
    others = {
        settings(**change).fingerprint(CARD, "detector")
        for change in (
            {"max_long_side": 999},
            {"sizes": (CopySize(1, 1000, 0.2),)},
            {"test_time_flip": True},
            {"turn": False},
        )
    }

    assert len(others - {first}) == 4
    assert settings(batch_size=9).fingerprint(CARD, "detector") == first
    assert settings().fingerprint(CARD, "another") != first
    assert len(first) == 16


def test_pictures_are_reduced_to_their_long_side():
    for shape in ((300, 200), (300, 200, 3)):
        picture = Image.open(io.BytesIO(encode_picture(np.zeros(shape, np.uint8), 60)))
        assert (picture.format, picture.size) == ("JPEG", (40, 60))
    small = Image.open(io.BytesIO(encode_picture(np.zeros((3, 1), np.uint8), 60)))
    assert small.size == (1, 3)  # never enlarged

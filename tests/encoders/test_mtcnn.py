import shutil
import sys
from pathlib import Path

import joblib
import mtcnn
import numpy as np
import pytest
from PIL import Image

from lfw17_kedro.encoders import mtcnn as own
from lfw17_kedro.encoders.mtcnn import build_detector, list_scales
from lfw17_kedro.encoders.mtcnn_networks import (
    SHA256,
    build_networks,
    find_weights,
)

THRESHOLDS = 0.6, 0.7, 0.7


@pytest.fixture(scope="module")
def detect():
    return build_detector(THRESHOLDS)


@pytest.fixture(scope="module")
def package():
    """Give the detector of the package, which is the reference."""
    return mtcnn.MTCNN()


def enlarge(image, scale=4, padding=40):
    """Make a photo of one of the small faces: RGB, with repeated edges."""
    photo = Image.fromarray(np.rint(image).astype(np.uint8).reshape(50, 37))
    size = (round(photo.width * scale), round(photo.height * scale))
    large = np.asarray(photo.resize(size, Image.Resampling.BICUBIC).convert("RGB"))
    return np.pad(large, ((padding,) * 2, (padding,) * 2, (0, 0)), "edge")


def make_collage(images, scales, side=640):
    """Put faces of several sizes side by side on a grey photo."""
    photo = np.full((side, side, 3), 110, np.uint8)
    left = top = row = 0
    for image, scale in zip(images, scales, strict=True):
        face = enlarge(image, scale, 12)
        height, width = face.shape[:2]
        if left + width > side:
            left, top, row = 0, top + row, 0
        photo[top : top + height, left : left + width] = face
        left, row = left + width, max(row, height)
    return photo


def find_with_package(package, photos):
    """Detect with the package: (16,) rows, photo, box, score, landmarks' x, then y."""
    pnet, rnet, onet = THRESHOLDS
    return package.detect_faces(
        list(photos),
        fit_to_image=False,
        output_type="numpy",
        box_format="xyxy",
        threshold_pnet=pnet,
        threshold_rnet=rnet,
        threshold_onet=onet,
    )


def test_faces_are_those_of_the_package(detect, package, few_faces):
    faces = few_faces.train_images
    photos = [enlarge(face) for face in faces]
    scales = [1.5, 2, 3, 4, 2.5, 1.2, 2, 3.5]
    collages = [make_collage(faces[i : i + 8], scales) for i in (0, 8)]
    distances = []
    for batch in (photos, collages):
        expected = find_with_package(package, batch)
        for row, found in enumerate(detect(batch)):
            others = expected[expected[:, 0] == row]
            assert len(found) == len(others)
            for face in found:
                point_sets = others[:, 6:].reshape(-1, 2, 5).transpose(0, 2, 1)
                far = np.linalg.norm(point_sets - face.landmarks, axis=2).mean(axis=1)
                nearest = far.argmin()
                distances.append(far[nearest])
                np.testing.assert_allclose(face.box, others[nearest, 1:5], atol=0.5)
                assert face.confidence == pytest.approx(others[nearest, 5], abs=0.01)

    assert len(distances) >= len(photos) + 12
    assert np.median(distances) < 0.01  # pixels
    assert np.max(distances) < 0.5


def test_faces_come_with_ordered_landmarks(detect, few_faces):
    photo = enlarge(few_faces.train_images[0])

    none, (face,) = detect([np.zeros_like(photo), photo])

    assert none == []
    left_eye, right_eye, nose, mouth_left, mouth_right = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert mouth_left[0] < mouth_right[0]
    assert left_eye[1] < nose[1] < mouth_left[1]
    left, top, right, bottom = face.box
    assert left < nose[0] < right
    assert top < nose[1] < bottom
    assert 0.7 < face.confidence <= 1


def test_photos_of_several_sizes_are_those_of_each_alone(detect, few_faces):
    faces = few_faces.train_images
    photos = [enlarge(faces[0], 3), enlarge(faces[1], 4), enlarge(faces[2], 3)]
    photos.insert(1, np.zeros((60, 300, 3), np.uint8))

    together = detect(photos)

    assert [len(found) for found in together] == [1, 0, 1, 1]
    for photo, found in zip(photos, together, strict=True):
        for one, same in zip(found, detect([photo])[0], strict=True):
            np.testing.assert_allclose(one.landmarks, same.landmarks, atol=0.01)


def test_faces_smaller_than_the_minimum_are_not_found(few_faces):
    sizes = np.array([1.2, 2, 3, 5])  # faces of some 30 to 130 pixels
    photo = make_collage(few_faces.train_images[:4], sizes)

    def measure(min_face_size):
        [found] = build_detector(THRESHOLDS, min_face_size)([photo])
        return sorted(max(face.box[2:] - face.box[:2]) for face in found)

    every = measure(20)
    assert len(every) == len(sizes)
    np.testing.assert_allclose(measure(12), every, rtol=0.15)
    for min_face_size in (every[1] - 8, every[2] - 8, every[3] - 8):
        larger = [side for side in every if side >= min_face_size]
        np.testing.assert_allclose(measure(min_face_size), larger, rtol=0.15)


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (19, 19), (20, 20), (21, 5000)])
def test_photos_of_any_size_are_searched(detect, shape):
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (*shape, 3), np.uint8)

    assert detect([photo, photo]) == [[], []]
    assert detect([]) == []


def test_large_photos_are_searched_in_strips(monkeypatch, few_faces):
    photo = make_collage(few_faces.train_images[:8], [1.5, 2, 3, 4, 2.5, 1.2, 2, 3.5])
    detect = build_detector(THRESHOLDS)
    [whole] = detect([photo])
    monkeypatch.setattr(own, "MAX_PIXELS", 20_000)
    monkeypatch.setattr(own, "MAX_PATCHES", 3)

    [strips] = detect([photo])

    assert len(strips) == len(whole) == 8
    for one, same in zip(strips, whole, strict=True):
        np.testing.assert_allclose(one.landmarks, same.landmarks, atol=0.01)


def test_scales_reach_from_the_smallest_face_to_one_cell():
    assert list_scales(19, 500, 20) == []
    assert list_scales(20, 40, 20) == [0.6]
    scales = list_scales(640, 480, 24)
    assert scales[0] == 0.5
    assert 12 <= 480 * scales[-1] < 12 / 0.709


def test_the_smallest_face_fills_a_cell():
    with pytest.raises(ValueError, match="min_face_size: .* 12 pixels, got 11"):
        build_detector(THRESHOLDS, 11)


class RunOnLoad:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return Path.mkdir, (self.folder,)


@pytest.fixture
def copied_package(monkeypatch, tmp_path):
    """Give the weights' folder of a copy of the package, which is used instead."""
    installed = Path(mtcnn.__file__).parent
    no_caches = shutil.ignore_patterns("__pycache__")
    copy = shutil.copytree(installed, tmp_path / "mtcnn", ignore=no_caches)
    monkeypatch.delitem(sys.modules, "mtcnn")
    monkeypatch.syspath_prepend(tmp_path)
    return copy / "assets" / "weights"


@pytest.mark.parametrize("name", SHA256)
def test_changed_weights_are_not_unpickled(copied_package, tmp_path, name):
    joblib.dump(RunOnLoad(tmp_path / "ran"), copied_package / name)

    with pytest.raises(
        ValueError,
        match=f"{copied_package / name}: expected .* SHA-256 {SHA256[name]}, got .*"
        "run `pip install --force-reinstall --no-deps mtcnn==1.0.0`",
    ):
        build_networks()

    assert not (tmp_path / "ran").exists()


def test_missing_weights_are_named(copied_package):
    (copied_package / "rnet.lz4").unlink()

    with pytest.raises(
        ValueError,
        match="expected assets/weights/rnet.lz4 inside the installed package mtcnn, "
        "found no such file there; run `pip install --force-reinstall --no-deps "
        "mtcnn==1.0.0`",
    ):
        find_weights()


def test_weights_in_the_current_folder_are_not_unpickled(tmp_path, monkeypatch):
    for name in SHA256:
        joblib.dump(RunOnLoad(tmp_path / "ran"), tmp_path / name)
    monkeypatch.chdir(tmp_path)

    build_networks()

    assert not (tmp_path / "ran").exists()

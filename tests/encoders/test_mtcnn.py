import shutil
from pathlib import Path

import joblib
import mtcnn
import numpy as np
import pytest

from lfw17_kedro.encoders.mtcnn import SHA256, build_detector, find_weights


@pytest.fixture(scope="module")
def detect():
    return build_detector(0.6, 0.7, 0.7)


def test_faces_come_with_ordered_landmarks(detect, few_faces):
    photo = few_faces.train_images[0].reshape(50, 37).astype(np.uint8)
    large = np.repeat(np.repeat(photo, 4, axis=0), 4, axis=1)
    rgb = np.stack([np.pad(large, 40, mode="edge")] * 3, axis=-1)

    none, (face,) = detect([np.zeros_like(rgb), rgb])

    assert none == []
    left_eye, right_eye, nose, mouth_left, mouth_right = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert mouth_left[0] < mouth_right[0]
    assert left_eye[1] < nose[1] < mouth_left[1]
    left, top, right, bottom = face.box
    assert left < nose[0] < right
    assert top < nose[1] < bottom
    assert 0.7 < face.confidence <= 1


def test_photos_of_several_sizes_are_refused(detect):
    photos = [np.zeros((60, 60, 3), np.uint8), np.zeros((70, 60, 3), np.uint8)]

    with pytest.raises(ValueError, match="must share one size"):
        detect(photos)


class RunOnLoad:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return Path.mkdir, (self.folder,)


@pytest.fixture
def copied_package(monkeypatch, tmp_path):
    """Give the weights' folder of a copy of the package, which is used instead."""
    package = Path(mtcnn.__file__).parent
    weights = shutil.copytree(package / "assets", tmp_path / "assets") / "weights"
    monkeypatch.setattr(mtcnn, "__file__", str(tmp_path / "__init__.py"))
    return weights


@pytest.mark.parametrize("name", SHA256)
def test_changed_weights_are_not_unpickled(copied_package, tmp_path, name):
    joblib.dump(RunOnLoad(tmp_path / "ran"), copied_package / name)

    with pytest.raises(
        ValueError,
        match=f"{copied_package / name}: expected .* SHA-256 {SHA256[name]}, got .*"
        "run `pip install --force-reinstall --no-deps mtcnn==1.0.0`",
    ):
        build_detector(0.1, 0.2, 0.3)

    assert not (tmp_path / "ran").exists()


def test_missing_weights_are_named(copied_package):
    (copied_package / "rnet.lz4").unlink()

    with pytest.raises(ValueError, match="MTCNN at .*rnet.lz4, got no file; run `pip "):
        find_weights()


def test_weights_in_the_current_folder_are_not_unpickled(tmp_path, monkeypatch):
    for name in SHA256:
        joblib.dump(RunOnLoad(tmp_path / "ran"), tmp_path / name)
    monkeypatch.chdir(tmp_path)

    build_detector(0.4, 0.5, 0.6)

    assert not (tmp_path / "ran").exists()

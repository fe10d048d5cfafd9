import numpy as np
import pytest

from lfw17_kedro.encoders.mtcnn import build_detector


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

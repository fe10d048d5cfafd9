import io

import numpy as np
import pytest
from invented_scans import make_scan
from PIL import Image

from lfw17_kedro.people.crops import cut_crops
from lfw17_kedro.people.enrol import ThresholdRule, enrol_people
from lfw17_kedro.people.gate import QualityGate
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.scan_types import WHOLE_PHOTO, Picture

PEOPLE = {"Ann": 4, "Bob": 1}  # name -> photos
VECTORS = {"Ann": (1, 0, 0), "Bob": (0, 1, 0)}


class Store:
    """Faces of one grey value each: 10 for the first photo, 20 for the next."""

    def __init__(self, scan):
        self.scan = scan

    def read(self, sha256):
        assert set(sha256) <= set(self.scan.photos["sha256"])
        return self.scan

    def read_pictures(self, sha256):
        for row, one in enumerate(sorted(sha256), 1):
            face = np.full((150, 150, 3), 10 * row, np.uint8)
            face[:, :15] = face[:, -15:] = 255  # cut off: 150 x 111 have the aspect
            file = io.BytesIO()
            Image.fromarray(face).save(file, "JPEG", quality=95)
            yield Picture(one, WHOLE_PHOTO, b"")
            yield Picture(one, 0, file.getvalue())


@pytest.fixture
def enrolled():
    photos = {
        f"{name}/{number}": [{"vector": VECTORS[name], "box": (number, 0, 50, 60)}]
        for name, count in PEOPLE.items()
        for number in range(count)
    }
    scan = make_scan(photos)
    files = [PhotoFile(path, path) for path in photos]
    rule = ThresholdRule(np.empty((0, 3), np.float32), 0.01, 0.9)
    return enrol_people(files, scan, QualityGate(0, 0, 0), rule)[0], Store(scan)


def test_the_last_photos_of_each_person_test(enrolled):
    faces = cut_crops(*enrolled, height=50, width=37, test_fraction=0.5)

    assert faces.class_names == ["Ann", "Bob"]
    assert faces.train_labels.tolist() == [0, 0, 1]
    assert faces.test_labels.tolist() == [0, 0]
    assert faces.train_images.shape == (3, 50 * 37)
    np.testing.assert_allclose(faces.train_images[0], 10, atol=4)
    np.testing.assert_allclose(faces.test_images[1], 40, atol=4)
    np.testing.assert_allclose(faces.train_images[2], 50, atol=4)


@pytest.mark.parametrize(("fraction", "tests"), [(0, 0), (1, 3)])
def test_at_least_one_photo_of_each_person_trains(enrolled, fraction, tests):
    faces = cut_crops(*enrolled, height=50, width=37, test_fraction=fraction)

    assert len(faces.test_labels) == tests
    assert set(faces.train_labels) == {0, 1}


def test_lost_pictures_are_an_error(enrolled, monkeypatch):
    gallery, store = enrolled
    monkeypatch.setattr(store, "read_pictures", lambda sha256: iter(()))

    with pytest.raises(ValueError, match="expected pictures of 5 enrolled faces"):
        cut_crops(gallery, store, height=50, width=37, test_fraction=0.5)

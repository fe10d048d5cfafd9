import numpy as np
import pytest
from benchmarks.images import count_found, make_image_sets
from PIL import Image


def test_a_face_counts_if_the_middle_of_a_box_lies_in_it():
    regions = [[(0, 0, 10, 10), (20, 0, 30, 10)], [(0, 0, 10, 10)], [(0, 0, 10, 10)]]
    found = [
        [[2, 2, 8, 8], [3, 3, 9, 9], [18, 0, 26, 10]],  # the first one twice
        [[10, 10, 20, 20]],
        [],
    ]

    assert count_found(found, regions) == (1, 2)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    lfw17 = tmp_path_factory.mktemp("lfw17")
    for name, images in (("X_train", 3), ("X_test", 1)):
        np.save(lfw17 / f"{name}.npy", np.full((images, 1850), 9, np.float32))
    np.save(lfw17 / "y_train.npy", np.zeros(3, np.int64))
    return make_image_sets(folder, 2, str(lfw17))


def test_sets_go_from_small_to_large(sets):
    sizes = []
    for images in sets:
        with Image.open(images.files[0]) as photo:
            sizes.append((photo.size, photo.mode, len(images.files)))

    assert sizes == [
        ((256, 346), "L", 2),
        ((256, 346), "L", 2),
        ((250, 250), "RGB", 2),
        ((4000, 3000), "RGB", 1),
    ]


def test_faces_of_a_large_photo_lie_apart_and_inside(sets):
    [boxes] = sets[-1].boxes

    covered = np.zeros((3000, 4000), int)
    for left, top, right, bottom in boxes:
        covered[top:bottom, left:right] += 1
    assert len(boxes) == 5
    assert covered.max() == 1
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in boxes]
    assert covered.sum() == sum(areas)

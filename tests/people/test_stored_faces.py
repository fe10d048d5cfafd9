import numpy as np
from invented_scans import make_scan

from lfw17_kedro.people.stored_faces import FaceComparison, find_row
from lfw17_kedro.scan_types import MemoryVectors

OLD = "a" * 64
FACES = [
    {"vector": (1, 0, 0), "box": (10, 10, 60, 60)},
    {"vector": (0, 1, 0), "box": (10.2, 10, 60, 60)},
]


class Store:
    """One photo that was searched."""

    def find(self, digits):
        return OLD if OLD.startswith(digits) else None

    def read(self, sha256):
        assert list(sha256) == [OLD]
        return make_scan({OLD: FACES})


def test_of_two_faces_in_one_place_the_exact_id_decides():
    scan = make_scan({OLD: FACES})

    assert find_row(f"{'a' * 16}_10_10_60_60", scan) == 0
    assert find_row(f"{'a' * 16}_10_10_60_60_2", scan) == 1


def test_faces_are_compared_with_one_of_a_photo_that_is_gone():
    now = np.array([[0.8, 0.6, 0], [0.6, 0.8, 0], [0, 0, 1]], np.float32)
    compare = FaceComparison(Store(), MemoryVectors(now), 0.7)

    alike = compare(f"{'a' * 16}_10_10_60_60", [2, 0, 1])

    assert alike is not None
    assert alike.tolist() == [False, True, False]
    assert compare(f"{'b' * 16}_10_10_60_60", [0]) is None
    assert compare(f"{'a' * 16}_80_80_90_90", [0]) is None

import numpy as np
from invented_scans import make_scan

from lfw17_kedro.people.stored_faces import FaceComparison, find_row
from lfw17_kedro.scan_types import MemoryVectors

OLD = "a" * 64
NOWHERE = f"{OLD[:16]}_80_80_90_90"
FACES = [
    {"vector": (1, 0, 0), "box": (10, 10, 60, 60)},
    {"vector": (0, 1, 0), "box": (10.2, 10, 60, 60)},
]


class Store:
    """One photo that was searched."""

    def find(self, starts):
        return [OLD if OLD.startswith(digits) else None for digits in starts]

    def read(self, sha256):
        assert list(sha256) == [OLD]
        return make_scan({OLD: FACES})


def test_of_two_faces_in_one_place_the_exact_id_decides():
    scan = make_scan({OLD: FACES})

    assert find_row(f"{'a' * 16}_10_10_60_60", scan) == 0
    assert find_row(f"{'a' * 16}_10_10_60_60_2", scan) == 1


def test_faces_are_compared_with_one_of_a_photo_that_is_gone():
    now = np.array([[0.8, 0.6, 0], [0.6, 0.8, 0], [0, 0, 1]], np.float32)
    known, gone, moved = (f"{'a' * 16}_10_10_60_60", f"{'b' * 16}_10_10_60_60", NOWHERE)
    compare = FaceComparison(Store(), MemoryVectors(now), 0.7, [known, gone, moved])

    alike = compare(known, [2, 0, 1])

    assert alike is not None
    assert alike.tolist() == [False, True, False]
    assert compare(gone, [0]) is None
    assert compare(moved, [0]) is None


def test_earlier_faces_are_read_at_once_and_only_if_they_are_needed():
    photos = {digit * 64: [{"vector": (1, 0, 0)}] for digit in "abc"}
    reads = []

    class Store:
        def find(self, starts):
            return [next(one for one in photos if one.startswith(d)) for d in starts]

        def read(self, sha256):
            reads.append([*sha256])
            return make_scan({one: photos[one] for one in reads[-1]})

    ids = [f"{sha256[:16]}_10_10_60_70" for sha256 in photos]
    compare = FaceComparison(Store(), MemoryVectors(np.eye(3, dtype="f4")), 0.7, ids)

    assert reads == []
    assert [compare(one, [0, 1]).tolist() for one in ids] == [[True, False]] * 3
    assert reads == [[*photos]]

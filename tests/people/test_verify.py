import numpy as np
import pytest

from lfw17_kedro.gallery_types import Cohort
from lfw17_kedro.people.verify import choose_pair_threshold

NONE = Cohort(vectors=np.empty((0, 2), np.float32))


def make(*faces):
    """Faces in the plane: person and angle, degrees."""
    people, angles = zip(*faces, strict=True)
    radians = np.deg2rad(angles)
    vectors = np.stack([np.cos(radians), np.sin(radians)], 1).astype(np.float32)
    return Cohort(people, vectors)


def test_pairs_of_two_people_are_the_impostors():
    enrolled = make(("a", 0), ("a", 30), ("b", 90))
    cohort = make(("s", 0), ("t", 60), ("s", 0))

    chosen = choose_pair_threshold(enrolled, cohort, 0.5, fallback=0.9)

    np.testing.assert_allclose(chosen.leave_one_out, [0, 0.5], atol=1e-6)
    np.testing.assert_allclose(chosen.cohort, [0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(chosen.genuine, [3**0.5 / 2], atol=1e-6)
    assert chosen.value == pytest.approx(0.5)
    assert chosen.attainable_rate == pytest.approx(1 / 3)


def test_the_stricter_of_enrolled_people_and_cohort_counts():
    near, far = make(("a", 0), ("b", 30)), make(("s", 0), ("t", 60))

    for one, other in ((near, far), (far, near)):
        chosen = choose_pair_threshold(one, other, 0.5, fallback=0.1)
        assert chosen.value == pytest.approx(3**0.5 / 2)


def test_with_too_few_strangers_the_published_threshold_is_the_least():
    few = make(("s", 0), ("t", 60))

    assert choose_pair_threshold(NONE, few, 0.01, fallback=0.9).value == 0.9
    assert choose_pair_threshold(NONE, NONE, 0.01, fallback=0.9).value == 0.9
    assert choose_pair_threshold(NONE, NONE, 0.01, fallback=0.9).attainable_rate == 1


def test_many_faces_are_thinned_out(monkeypatch):
    monkeypatch.setattr("lfw17_kedro.people.verify.MAX_FACES", 10)
    many = make(*((str(angle), angle) for angle in range(25)))

    chosen = choose_pair_threshold(NONE, many, 0.01, fallback=0)

    assert len(chosen.cohort) == 9 * 8 / 2

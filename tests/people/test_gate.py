import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfw17_kedro.gallery_types import Cohort
from lfw17_kedro.people import neighbours, open_set
from lfw17_kedro.people.enrol import MIN_KNOWN, leave_out_known
from lfw17_kedro.people.gate import mark_wrong_folders

PEOPLE = ["Ann", "Ann", "Bob", "Bob", "Cleo", "Cleo", "Cleo"]
LABELS = np.array([0, 0, 1, 1, 2, 2, 2])


def embed(n, rng):
    """Embeddings in three dimensions, so that some are much alike."""
    vectors = rng.normal(size=(n, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def mark(vectors, cohort):
    table = pd.DataFrame({"person": PEOPLE, "action": "", "reason": ""})
    table["nearest_other"] = ""
    mark_wrong_folders(table, vectors, LABELS, cohort, 0.3)
    return table


def test_a_face_in_a_wrong_folder_is_left_out_and_the_nearest_is_named():
    ann, bob, cleo = np.eye(3, dtype=np.float32)
    vectors = np.array([ann, bob, bob, bob, cleo, cleo, cleo])
    table = mark(vectors, cohort=np.empty((0, 3), np.float32))
    assert table.loc[1, "nearest_other"] == "Bob"
    assert table.loc[1, "reason"] == "it looks more like Bob than like its own person"
    assert table.loc[1, "action"] == "enrolled, check it"  # no strangers: no limit

    table = mark(vectors, cohort=np.array([-ann - bob - cleo]))

    assert table.loc[1, "action"] == "left out"
    assert (table.loc[2:, "action"] == "").all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(0, 9))
def test_blocks_of_any_size_mark_the_same(seed, size, n_strangers):
    rng = np.random.default_rng(seed)
    vectors, cohort = embed(len(PEOPLE), rng), embed(n_strangers, rng)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_set, "BLOCK", size)
        table = mark(vectors, cohort)

    pd.testing.assert_frame_equal(table, mark(vectors, cohort))
    templates = open_set.make_templates(vectors, LABELS, 3)
    cosines = vectors @ templates.T
    cosines[np.arange(len(PEOPLE)), LABELS] = -np.inf
    nearest = np.array(["Ann", "Bob", "Cleo"])[cosines.argmax(axis=1)]
    assert table["nearest_other"].tolist() == nearest.tolist()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 9))
def test_strangers_are_compared_in_blocks_of_any_size(seed, size, n_strangers):
    rng = np.random.default_rng(seed)
    vectors = embed(20, rng)
    people = tuple(f"s{one % 4}" for one in range(n_strangers))
    cohort = Cohort(people, embed(n_strangers, rng))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "PROBES", size)
        patch.setattr(neighbours, "VECTORS", size)
        kept = leave_out_known(cohort, vectors)

    known = {
        person
        for person, cosines in zip(people, cohort.vectors @ vectors.T, strict=True)
        if cosines.max() >= MIN_KNOWN
    }
    assert kept.people == tuple(one for one in people if one not in known)

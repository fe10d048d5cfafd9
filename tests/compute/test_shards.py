"""`plan_shards`: the same cut whatever was done before."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lfw17_kedro.compute.shards import plan_shards
from lfw17_kedro.photo_types import PhotoFile


def make_photos(n):
    return [PhotoFile(f"{number:04}.jpg", f"{number:064x}") for number in range(n)]


def know(photos):
    known = {photo.sha256 for photo in photos}
    return lambda hashes: np.array([one in known for one in hashes], bool)


def test_photos_are_cut_in_their_order():
    photos = make_photos(5)

    shards = plan_shards(photos, know([]), 2)

    assert shards == [tuple(photos[:2]), tuple(photos[2:4]), tuple(photos[4:])]


def test_nothing_new_gives_no_shard():
    photos = make_photos(3)

    assert plan_shards(photos, know(photos), 2) == []
    assert plan_shards([], know([]), 2) == []


@given(n=st.integers(0, 30), size=st.integers(1, 9), data=st.data())
def test_run_after_a_broken_one_cuts_alike(n, size, data):
    photos = make_photos(n)
    whole = plan_shards(photos, know([]), size)
    done = data.draw(st.sets(st.sampled_from(whole))) if whole else set()

    rest = plan_shards(photos, know([one for shard in done for one in shard]), size)

    assert rest == [shard for shard in whole if shard not in done]


def test_new_photo_makes_a_shard_of_its_own():
    photos = make_photos(9)
    new = photos.pop(2)

    shards = plan_shards(sorted([new, *photos]), know(photos), 2)

    assert shards == [(new,)]

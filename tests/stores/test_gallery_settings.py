import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lfw17_kedro.gallery_types import (
    GALLERY_COLUMNS,
    Cohort,
    Gallery,
    GallerySettings,
    OpenSetThreshold,
)
from lfw17_kedro.stores.gallery_files import CARD, COHORT, read_gallery, write_gallery
from lfw17_kedro.types import EncoderOptions

CONF = Path(__file__).parents[2] / "conf" / "base" / "parameters_people.yml"
SETTINGS = GallerySettings(
    encoder="facenet",
    encoder_options=EncoderOptions("own.pt", "ab", "fixed", "bfloat16"),
    min_face_size=31.5,
    sizes=((100, 200, 0.25),),
    turn=False,
)


@pytest.fixture
def gallery():
    row = dict.fromkeys(GALLERY_COLUMNS, 1.5)
    row |= {"person": "Ann", "photo": "Ann/1.jpg", "sha256": "a0", "picture_hash": ""}
    scores = np.array([0.25, 0.5])
    return Gallery(
        people=("Ann",),
        faces=pd.DataFrame([row]),
        vectors=np.array([[0.6, 0.8]], np.float32),
        templates=np.array([[0.8, 0.6]], np.float32),
        threshold=OpenSetThreshold(0.75, 0.01, 0.02, scores, scores[:1], scores[1:]),
        fingerprint="abc",
        cohort=Cohort(("s1", "s2"), np.array([[1, 0], [0, 1]], np.float32)),
        settings=SETTINGS,
    )


def test_a_gallery_comes_back_as_it_was(gallery, tmp_path):
    write_gallery(gallery, tmp_path / "gallery")

    back = read_gallery(tmp_path / "gallery")

    assert (back.people, back.fingerprint) == (gallery.people, "abc")
    assert back.settings == SETTINGS
    assert back.cohort.people == ("s1", "s2")
    np.testing.assert_array_equal(back.cohort.vectors, gallery.cohort.vectors)
    np.testing.assert_array_equal(back.vectors, gallery.vectors)
    np.testing.assert_array_equal(back.templates, gallery.templates)
    np.testing.assert_array_equal(back.threshold.leave_one_out, [0.25, 0.5])
    pd.testing.assert_frame_equal(back.faces, gallery.faces)


def test_an_empty_gallery_without_a_cohort_comes_back(gallery, tmp_path):
    none = np.empty((0, 2), np.float32)
    empty = replace(
        gallery,
        people=(),
        faces=gallery.faces[:0],
        vectors=none,
        templates=none,
        cohort=Cohort(),
        settings=None,
    )
    write_gallery(empty, tmp_path / "gallery")

    back = read_gallery(tmp_path / "gallery")

    assert (back.people, back.cohort.people, back.settings) == ((), (), None)
    assert back.vectors.shape == back.cohort.vectors.shape == (0, 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"turn": 1}, "missing or unknown: batch_size, "),
        (vars(SETTINGS) | {"encoder_options": {}, "turn": "no"}, "turn"),
        ("none", "missing or unknown"),
    ],
)
def test_damaged_settings_are_refused(gallery, tmp_path, settings, message):
    write_gallery(gallery, tmp_path / "gallery")
    card = tmp_path / "gallery" / CARD
    content = json.loads(card.read_text("utf-8")) | {"settings": settings}
    del content["checksum"]  # as somebody may write it
    card.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(ValueError, match=f"expected a gallery in .*{message}"):
        read_gallery(tmp_path / "gallery")


def test_a_gallery_without_its_cohort_is_refused(gallery, tmp_path):
    write_gallery(gallery, tmp_path / "gallery")
    (tmp_path / "gallery" / COHORT).unlink()

    with pytest.raises(ValueError, match="expected a gallery in .*enrol again"):
        read_gallery(tmp_path / "gallery")


SIZES = (
    "at least one (min short side, max short side, padding), sides from 1 on, the max "
    "not below the min, a padding of at least 0"
)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("batch_size", 0, "at least 1"),
        ("max_long_side", 0, "at least 1"),
        ("thresholds", (0.6, 0.7, 1.5), "numbers from 0 to 1"),
        ("min_face_size", 11.9, "a number of at least 12"),
        ("min_face_size", float("nan"), "a number of at least 12"),
        ("sizes", (), SIZES),
        ("sizes", ((0, 960, 0.1),), SIZES),
        ("sizes", ((240, 120, 0.1),), SIZES),
        ("sizes", ((240, 960, -0.1),), SIZES),
    ],
)
def test_settings_that_find_no_face_are_refused(name, value, wanted):
    with pytest.raises(ValueError, match="of GallerySettings") as error:
        GallerySettings(**{name: value})

    assert str(error.value) == (
        f"{name} of GallerySettings: expected {wanted}, got {value!r}; the default is "
        f"{getattr(GallerySettings(), name)!r}."
    )


def test_a_card_whose_settings_find_no_face_is_refused(gallery, tmp_path):
    write_gallery(gallery, tmp_path / "gallery")
    card = tmp_path / "gallery" / CARD
    content = json.loads(card.read_text("utf-8"))
    content["settings"]["batch_size"] = 0
    del content["checksum"]
    card.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(ValueError, match="batch_size of .*at least 1, got 0; the defa"):
        read_gallery(tmp_path / "gallery")


def test_the_default_settings_are_those_of_a_run():
    parameters = yaml.safe_load(CONF.read_text("utf-8"))["people"]
    search, quality = parameters["search"], parameters["quality"]
    sizes = tuple(tuple(size.values()) for size in search.pop("sizes"))
    thresholds = tuple(search.pop("thresholds"))

    assert (
        GallerySettings(
            encoder=parameters["encoder"],
            encoder_options=EncoderOptions(**parameters["encoder_options"]),
            sizes=sizes,
            thresholds=thresholds,
            **search,
            **quality,
        )
        == GallerySettings()
    )


def test_a_cohort_that_is_not_of_length_1_is_refused(gallery, tmp_path):
    longer = gallery.cohort._replace(vectors=2 * gallery.cohort.vectors)

    with pytest.raises(ValueError, match="cohort that are not all of length 1"):
        write_gallery(replace(gallery, cohort=longer), tmp_path / "gallery")

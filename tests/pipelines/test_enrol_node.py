"""The node that enrols, on scans of photos that nobody took."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from invented_scans import DIMENSION, make_scan

from lfw17_kedro.hooks.errors import is_expected
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.pipelines.enrol.nodes import cut_crops, enrol
from lfw17_kedro.pipelines.people.settings import PeopleSettings
from lfw17_kedro.types import Encoder, EncoderCard

PARAMETERS = Path(__file__).parents[2] / "conf/base/parameters_people.yml"
X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
PHOTO = "a" * 64
FACE = f"{PHOTO[:16]}_10_10_60_70"
CARD = EncoderCard("invented", "box", 160, DIMENSION, "none", "0" * 64)


class Store:
    """One photo to name, of one face."""

    def find(self, starts):
        return [PHOTO if PHOTO.startswith(digits) else None for digits in starts]

    def read(self, sha256):
        return make_scan({one: [{"vector": Z}] for one in sha256})


@pytest.fixture
def settings():
    return PeopleSettings(**yaml.safe_load(PARAMETERS.read_text())["people"])


@pytest.fixture
def enrol_with(settings):
    """Enrol photos, path -> vector, with a correction; gives the gallery."""

    def enrol_people(photos, cohort, correction):
        files, strangers = (
            [PhotoFile(path, path) for path in folder] for folder in (photos, cohort)
        )
        scans = [
            make_scan({path: [{"vector": one}] for path, one in folder.items()})
            for folder in (photos, cohort)
        ]
        lines = f"face_id,correction,name,enrol\n{correction}\n"
        gallery, _ = enrol(
            files,
            scans[0],
            strangers,
            scans[1],
            lines.encode(),
            lambda *_: Store(),
            settings.search,
            settings.quality,
            settings.false_accept_rate,
            Encoder(CARD, None),
            settings.encoder_options,
        )
        return gallery

    return enrol_people


def test_a_correction_enrols_the_person_of_the_folder_however_it_is_spelled(enrol_with):
    gallery = enrol_with({"Ann Lee/1.jpg": X}, {"s1/1": Y}, f"{FACE},is,ann_lee,yes")

    assert gallery.people == ("Ann Lee",)
    assert len(gallery.faces) == 2


def test_somebody_whom_a_correction_enrols_is_no_stranger(enrol_with):
    cohort = {"s1/1": Y, "s2/1": Z, "s2/2": (1, 0, 1)}

    gallery = enrol_with({"Ann Lee/1.jpg": X}, cohort, f"{FACE},is,Bob,yes")

    assert gallery.people == ("Ann Lee", "Bob")
    np.testing.assert_allclose(gallery.threshold.cohort, [0])
    assert gallery.cohort.people == ("s1", "s2", "s2")


def test_a_store_that_lost_an_enrolled_photo_says_what_to_run(enrol_with):
    class LostStore:
        def read(self, sha256):
            raise KeyError("expected scanned photos, got an unknown one")

    gallery = enrol_with({"Ann Lee/1.jpg": X}, {"s1/1": Y}, f"{FACE},is,Bob,yes")

    with pytest.raises(ValueError, match="got none of some") as lost:
        cut_crops(gallery, lambda *_: LostStore(), 70, 52, 0.3)

    assert is_expected(lost.value)
    assert str(lost.value) == (
        "expected the scan of every photo enrolled, got none of some: data/04_feature "
        "was deleted or damaged; run `kedro run --env people`, with the --params of "
        "the last run, to search them again."
    )


@pytest.mark.parametrize(
    ("face", "waits"),
    [
        (FACE, False),
        (f"{PHOTO[:16]}_90_90_99_99", False),  # no face is there
        (f"{'b' * 16}_10_10_60_70", True),
    ],
)
def test_gallery_is_incomplete_while_a_correction_waits_for_its_photo(
    enrol_with, face, waits
):
    gallery = enrol_with({"Ann Lee/1.jpg": X}, {"s1/1": Y}, f"{face},is,Bob,yes")

    assert gallery.is_incomplete == waits

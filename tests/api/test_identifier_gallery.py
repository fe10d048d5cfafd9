"""`Identifier` is made, saved and loaded."""

import os
from dataclasses import replace

import pytest
from tests.api.drawn_faces import BLUE, GREEN, RED, SETTINGS, draw, list_names

from lfw17_kedro import Identifier
from lfw17_kedro.stores.gallery_files import read_gallery


def test_a_saved_identifier_comes_back(identifier, scanner, tmp_path):
    identifier.save(tmp_path / "mine")
    identifier.save(tmp_path / "mine")  # replaces the first

    back = Identifier(read_gallery(tmp_path / "mine"), scanner)

    assert back.people == identifier.people
    assert back.threshold.value == identifier.threshold.value
    assert list_names(back.identify(draw(RED, GREEN))) == ["Ann", "Bob"]
    back.enrol("Cleo", draw(BLUE))
    assert len(back.threshold.cohort) == 120
    assert os.listdir(tmp_path) == ["mine"]


def test_a_folder_of_something_else_is_not_replaced(identifier, tmp_path):
    (tmp_path / "photo.jpg").touch()

    with pytest.raises(ValueError, match="a new folder or a gallery.*photo.jpg"):
        identifier.save(tmp_path)
    with pytest.raises(ValueError, match="a new folder or a gallery.*got a file"):
        identifier.save(tmp_path / "photo.jpg")

    assert (tmp_path / "photo.jpg").exists()


def test_another_encoder_than_that_of_the_gallery_is_refused(identifier, scanner):
    other = replace(scanner, fingerprint="other")

    with pytest.raises(ValueError, match="fingerprint fake, got other.*enrol again"):
        Identifier(identifier._gallery, other)


def test_a_gallery_without_settings_is_refused(identifier, scanner, tmp_path):
    gallery = replace(identifier._gallery, settings=None)
    Identifier(gallery, scanner).save(tmp_path / "old")

    with pytest.raises(ValueError, match="knows its settings, got one without"):
        Identifier.load(tmp_path / "old")


def test_no_gallery_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="expected a gallery in .*nowhere"):
        Identifier.load(tmp_path / "nowhere")


@pytest.mark.parametrize("rate", [0, 1, -0.1, 1.5, float("nan")])
def test_a_rate_out_of_range_is_refused_by_its_name(rate):
    with pytest.raises(ValueError, match=r"^false_accept_rate: expected a fraction"):
        Identifier.create(false_accept_rate=rate)


def test_an_unknown_encoder_is_refused():
    with pytest.raises(ValueError, match="one of dlib_resnet, facenet, got 'vgg'"):
        Identifier.create("vgg", cohort={})


def test_strangers_are_told_apart_by_their_whole_names(scanner):
    images = {"team/s1": [draw(RED)], "team/s2": [draw(GREEN)]}

    assert scanner.embed_cohort(images).people == ("team/s1", "team/s2")


def test_the_encoder_is_that_of_the_settings_unless_it_is_named():
    with pytest.raises(ValueError, match="got 'vgg'"):
        Identifier.create(settings=replace(SETTINGS, encoder="vgg"), cohort={})


def test_weights_that_come_in_no_package_need_a_folder():
    with pytest.raises(ValueError, match="expected the published weights .* in a wei"):
        Identifier.create("facenet", cohort={})

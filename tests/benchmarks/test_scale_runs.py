import hashlib
import json

import pandas as pd
import pytest
from benchmarks.scale_runs import (
    STORE,
    hash_parts,
    list_parts,
    make_project,
    read_card,
    read_time,
    run_whole,
)


@pytest.fixture
def project(tmp_path):
    """Two finished parts of two fingerprints, and one that was not finished."""
    for name, photos in (("f1/part-b", 3), ("f0/part-c", 2)):
        part = tmp_path / STORE / name
        part.mkdir(parents=True)
        table = pd.DataFrame({"sha256": ["0"] * photos})
        table.to_parquet(part / "photos.parquet")
        (part / "part.json").write_text(json.dumps({"dimension": 128}))
    (tmp_path / STORE / "f0/.part-d.41-9f3a.part").mkdir()
    (tmp_path / STORE / "f0/part-e").mkdir()
    return tmp_path


def test_finished_parts_are_listed_in_order(project):
    store = project / STORE

    assert list_parts(project) == [store / "f0/part-c", store / "f1/part-b"]
    assert list_parts(project / "elsewhere") == []


def test_card_counts_the_photos_of_a_part(project):
    assert [read_card(part) for part in list_parts(project)] == [
        {"dimension": 128, "photos": 2},
        {"dimension": 128, "photos": 3},
    ]


def test_every_file_of_a_finished_part_is_hashed(project):
    hashes = hash_parts(project)

    assert list(hashes) == [
        "f0/part-c/part.json",
        "f0/part-c/photos.parquet",
        "f1/part-b/part.json",
        "f1/part-b/photos.parquet",
    ]
    card = b'{"dimension": 128}'
    assert hashes["f0/part-c/part.json"] == hashlib.sha256(card).hexdigest()


def test_times_of_the_run_record_are_utc():
    assert read_time("1970-01-02 00:00:01.500000 UTC") == 86401.5


def test_a_new_project_has_this_ones_configuration_and_no_outputs(tmp_path):
    (tmp_path / "project/data").mkdir(parents=True)

    project = make_project(tmp_path / "project")

    assert (project / "conf/people/catalog.yml").is_file()
    assert [*(project / "conf/local").iterdir()] == []
    assert not (project / "data").exists()


def test_a_run_that_fails_shows_the_end_of_its_log(tmp_path):
    project = make_project(tmp_path / "project")
    parameters = {"people.searhc": 1}

    with pytest.raises(RuntimeError, match="(?s)got exit code 1: .*people.searhc"):
        run_whole(project, tmp_path / "log", parameters)

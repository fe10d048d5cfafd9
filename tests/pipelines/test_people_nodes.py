"""The search for faces, by photos that nobody took."""

from pathlib import Path

import pytest
import yaml
from invented_scans import DIMENSION, make_scan

from lfw17_kedro.compute import scan_collection, scan_shard
from lfw17_kedro.compute.scan_collection import CollectionResult, FailedShard
from lfw17_kedro.photo_types import PhotoFile, PhotoFolder
from lfw17_kedro.pipelines.people.nodes import find_all_faces, find_faces_to_enrol
from lfw17_kedro.pipelines.people.settings import PeopleSettings
from lfw17_kedro.scan_types import MemoryVectors, Scanned, StoredScan
from lfw17_kedro.types import Encoder, EncoderCard

PARAMETERS = Path(__file__).parents[2] / "conf/base/parameters_people.yml"
CARD = EncoderCard("invented", "box", 160, DIMENSION, "none", "0" * 64)
GOOD, BAD = PhotoFile("Ann/a.jpg", "a" * 64), PhotoFile("=Bob/b.jpg", "b" * 64)


class Folder(PhotoFolder):
    """Photos that nobody reads."""

    def __init__(self, *files):
        self.files, self.reader = files, None


class Store:
    """Photos that all show one face."""

    def open(self, sha256):
        scan = make_scan({one: [{"vector": (1, 0, 0)}] for one in sha256})
        return StoredScan(
            scan.photos, scan.faces, MemoryVectors(scan.vectors), scan.fingerprint
        )


@pytest.fixture
def search(monkeypatch):
    """Search the two photos; `gone` and `failed` are what comes of it."""
    settings = PeopleSettings(**yaml.safe_load(PARAMETERS.read_text())["people"])
    monkeypatch.setattr(scan_shard, "fingerprint_scan", lambda *_: "fingerprint")

    def search(node, gone=(), failed=()):
        searched = CollectionResult([*gone], [*failed])
        monkeypatch.setattr(
            scan_collection, "search_collection", lambda *_, **__: searched
        )
        return node(
            Folder(GOOD, BAD),
            lambda *_: Store(),
            Encoder(CARD, None),
            settings.encoder_options,
            None,
            settings.search,
            None,
            name="photos",
        )

    return search


def test_paths_of_failed_shards_are_spelled_so_that_no_spreadsheet_runs_them(search):
    _, table = search(find_all_faces, failed=[FailedShard((GOOD, BAD), "it died")])

    assert table.to_numpy().tolist() == [
        [1, "Ann/a.jpg", "it died"],
        [1, "./=Bob/b.jpg", "it died"],
    ]


def test_a_search_without_a_photo_that_could_not_be_read_is_incomplete(search):
    scan, failed = search(find_all_faces, gone=[Scanned(BAD.sha256, "too slow", True)])

    assert scan.is_incomplete
    assert scan.photos["problem"].tolist() == ["", "too slow"]
    assert len(failed) == 0
    assert not search(find_all_faces)[0].is_incomplete


def test_nobody_is_enrolled_without_a_photo_that_could_not_be_read(search):
    with pytest.raises(OSError, match="expected all") as error:
        search(find_faces_to_enrol, gone=[Scanned(BAD.sha256, "too slow", True)])

    assert str(error.value) == (
        "photos: expected all photos to be searched, got 1 that could not be read, "
        "=Bob/b.jpg first: too slow; run again, or take them out of the folder."
    )
    assert len(search(find_faces_to_enrol).faces) == 2

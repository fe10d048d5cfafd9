"""`atomic_write` alone: the whole new content, or the old."""

import os
from pathlib import Path

import pytest
from tests.files.written import fill, read

from lfw17_kedro.files.atomic import atomic_write


@pytest.mark.parametrize("folder", [False, True])
def test_new_content_replaces_the_old(tmp_path, folder):
    target = tmp_path / "layer" / "artifact"

    for text in ("old", "new"):
        with atomic_write(target) as part:
            fill(part, text, folder)

    assert read(target, folder) == "new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("folder", [False, True])
def test_a_file_replaces_a_folder_and_a_folder_a_file(tmp_path, folder):
    target = tmp_path / "artifact"
    fill(target, "old", not folder)

    with atomic_write(target) as part:
        fill(part, "new", folder)

    assert read(target, folder) == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["artifact"]


@pytest.mark.parametrize("folder", [False, True])
def test_failure_keeps_the_old_content_and_leaves_nothing_else(tmp_path, folder):
    target = tmp_path / "artifact"
    with atomic_write(target) as part:
        fill(part, "old", folder)

    with pytest.raises(OSError, match="disk full"), atomic_write(target) as part:
        fill(part, "half", folder)
        raise OSError("disk full")

    assert read(target, folder) == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("count", [3, 40, 1003])  # one by one, together, in turns
def test_every_file_of_a_folder_reaches_the_disk(tmp_path, monkeypatch, count):
    flushed = []

    def note(descriptor):
        flushed.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", note)
    with atomic_write(tmp_path / "folder") as part:
        (part / "inner").mkdir(parents=True)
        for number in range(count):
            (part / "inner" / str(number)).touch()

    folder = tmp_path / "folder"
    made = [tmp_path, folder, folder / "inner", *(folder / "inner").iterdir()]
    assert sorted(flushed) == sorted(path.stat().st_ino for path in made)


@pytest.mark.parametrize("count", [3, 40])
def test_a_file_that_does_not_reach_the_disk_stops_the_write(
    tmp_path, monkeypatch, count
):
    def fail(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        with atomic_write(tmp_path / "folder") as part:
            part.mkdir()
            for number in range(count):
                (part / str(number)).touch()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("there", [False, True])
def test_a_symbolic_link_stays(tmp_path, folder, there):
    disk = tmp_path / "other_disk"
    disk.mkdir()
    if there:
        fill(disk / "artifact", "old", folder)
    link = tmp_path / "artifact"
    link.symlink_to(disk / "artifact")

    with atomic_write(link) as part:
        fill(part, "new", folder)

    assert link.is_symlink()
    assert read(disk / "artifact", folder) == "new"
    assert [path.name for path in disk.iterdir()] == ["artifact"]


def test_a_circle_of_links_is_named(tmp_path):
    link = tmp_path / "artifact"
    link.symlink_to(tmp_path / "other")
    (tmp_path / "other").symlink_to(link)

    with pytest.raises(OSError, match="leads nowhere; remove it"), atomic_write(link):
        pass


def test_an_interrupt_while_a_folder_is_aside_puts_it_back(tmp_path, monkeypatch):
    target, rename = tmp_path / "artifact", Path.rename
    fill(target, "old", folder=True)

    def interrupt(path, place):
        rename(path, place)
        if path == target:  # Ctrl-C, which Python raises when the call returns
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt), atomic_write(target) as part:
        fill(part, "new", folder=True)

    assert read(target, folder=True) == "old"
    assert list(tmp_path.iterdir()) == [target]

import errno
import os
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lfw17_kedro.files import atomic
from lfw17_kedro.files.atomic import atomic_write, name_machine, recover, sweep


def fill(part, text, folder):
    if folder:
        part.mkdir()
        (part / "inner.txt").write_text(text)
    else:
        part.write_text(text)


def read(target, folder):
    return (target / "inner.txt" if folder else target).read_text()


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


DEAD = 2**22 + 1  # above the greatest process id of Linux


def test_what_a_killed_process_left_is_cleared(tmp_path):
    (tmp_path / f".artifact.{DEAD}-0123abcd.part").write_text("half")
    others = tmp_path / f".artifact2.{DEAD}-0123abcd.part"
    others.write_text("of another target")

    with atomic_write(tmp_path / "artifact") as part:
        part.write_text("whole")

    assert {path.name for path in tmp_path.iterdir()} == {"artifact", others.name}


def test_a_part_of_a_living_process_stays(tmp_path):
    part = tmp_path / f".artifact.{os.getppid()}-0123abcd.part"
    part.write_text("half")

    with atomic_write(tmp_path / "artifact") as own:
        own.write_text("whole")

    assert part.read_text() == "half"


def test_an_earlier_process_of_the_same_number_is_dead(tmp_path):
    target, beside = tmp_path / "photos", tmp_path / f".photos.{os.getpid()}-0123abcd"
    Path(f"{beside}.old").mkdir()
    Path(f"{beside}.part").mkdir()

    recover(target)

    assert target.is_dir()
    sweep(target)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
    with atomic_write(target) as part:
        part.mkdir()
        sweep(target)
        assert part.is_dir()  # this process still writes it


def wait(monkeypatch, seconds):
    """Let time pass."""
    now = time.time
    monkeypatch.setattr(atomic.time, "time", lambda: now() + seconds)


@pytest.mark.parametrize("folder", [False, True])
def test_a_part_of_another_machine_stays_for_a_day(tmp_path, monkeypatch, folder):
    part = tmp_path / f".artifact.node_7-{DEAD}-0123abcd.part"
    fill(part, "half", folder)

    sweep(tmp_path / "artifact")
    assert read(part, folder) == "half"
    with monkeypatch.context() as patch:
        wait(patch, 23 * 3600)
        sweep(tmp_path / "artifact")
        assert read(part, folder) == "half"

    wait(monkeypatch, 25 * 3600)
    sweep(tmp_path / "artifact")
    assert not part.exists()


def test_a_part_of_this_machine_needs_a_living_process(tmp_path):
    target = tmp_path / "artifact"
    dead, alive = (
        tmp_path / f".artifact.{name_machine()}-{process}-0123abcd.part"
        for process in (DEAD, os.getppid())
    )
    for part in (dead, alive):
        part.write_text("half")

    with atomic_write(target) as own:
        own.write_text("whole")
        assert re.fullmatch(
            rf"\.artifact\.{name_machine()}-{os.getpid()}-[0-9a-f]{{8}}\.part", own.name
        )
        sweep(target)

    assert target.read_text() == "whole"
    assert alive.exists()
    assert not dead.exists()


def test_a_folder_that_another_process_puts_back_first_is_no_error(
    tmp_path, monkeypatch
):
    target, old = (
        tmp_path / "artifact",
        tmp_path / f".artifact.{os.getpid()}-0123abcd.old",
    )
    fill(old, "old", folder=True)
    listed = atomic._list_beside(target, "old")
    assert listed == [old]

    def list_and_lose(*arguments):
        old.rename(target)
        return listed

    monkeypatch.setattr(atomic, "_list_beside", list_and_lose)
    recover(target)

    assert read(target, folder=True) == "old"


def test_a_folder_that_another_machine_moved_aside_comes_back_later(
    tmp_path, monkeypatch
):
    target, old = tmp_path / "artifact", tmp_path / ".artifact.node_7-9-0123abcd.old"
    fill(old, "old", folder=True)
    long_ago = time.time() - 10 * 24 * 3600
    os.utime(old, (long_ago, long_ago))  # old content, which has just moved aside

    recover(target)
    assert not target.exists()

    wait(monkeypatch, 61)
    recover(target)
    assert read(target, folder=True) == "old"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("node-7", "node_7"),
        ("Node7.cluster.example.org", "node7"),
        ("a" * 40 + "-7f9c", "a" * 27 + "_7f9c"),
        ("", "_"),
        ("größe/..", "gr__e_"),
    ],
)
def test_machines_have_short_plain_names(monkeypatch, host, name):
    monkeypatch.setattr(socket, "gethostname", lambda: host)

    assert name_machine() == name


def test_a_folder_that_stepped_aside_comes_back(tmp_path):
    old = tmp_path / f".artifact.{DEAD}-0123abcd.old"
    fill(old, "old", folder=True)

    recover(tmp_path / "artifact")

    assert read(tmp_path / "artifact", folder=True) == "old"
    assert not old.exists()


def test_the_only_copy_is_kept_when_the_next_save_fails(tmp_path):
    fill(tmp_path / f".artifact.{DEAD}-0123abcd.old", "old", folder=True)

    with pytest.raises(OSError, match="full"), atomic_write(tmp_path / "artifact"):
        raise OSError("full")

    assert read(tmp_path / "artifact", folder=True) == "old"


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


def test_folder_that_comes_meanwhile_is_replaced_too(tmp_path, monkeypatch):
    target, replace = tmp_path / "artifact", Path.replace
    fill(target, "old", folder=True)
    others = ["other", "another"]

    def be_late(part, place):  # somebody is faster, twice
        if others:
            fill(place, others.pop(), folder=True)
        return replace(part, place)

    monkeypatch.setattr(Path, "replace", be_late)
    with atomic_write(target) as part:
        fill(part, "new", folder=True)

    assert read(target, folder=True) == "new"
    assert not others
    assert list(tmp_path.iterdir()) == [target]


def test_folder_that_another_moves_aside_is_no_error(tmp_path, monkeypatch):
    target, rename = tmp_path / "artifact", Path.rename
    fill(target, "old", folder=True)

    def be_late(path, place):
        rename(path, tmp_path / "of_another")
        return rename(path, place)

    monkeypatch.setattr(Path, "rename", be_late)
    with atomic_write(target) as part:
        fill(part, "new", folder=True)

    assert read(target, folder=True) == "new"


@pytest.mark.parametrize("first", ["before", "after the look", "meanwhile"])
def test_folder_that_is_to_be_kept_is_never_away(tmp_path, monkeypatch, first):
    target, replace, asked = tmp_path / "artifact", Path.replace, []
    is_dir = Path.is_dir
    monkeypatch.setattr(Path, "rename", None)  # nothing steps aside

    def keep():
        asked.append(read(target, folder=True))
        return True

    def be_late(part, place):
        fill(place, "first", folder=True)
        return replace(part, place)

    def look_too_early(path):
        found = is_dir(path)
        if path == target and not found:
            fill(target, "first", folder=True)
        return found

    if first == "before":
        fill(target, "first", folder=True)
    elif first == "after the look":
        monkeypatch.setattr(Path, "is_dir", look_too_early)
    else:
        monkeypatch.setattr(Path, "replace", be_late)
    with atomic_write(target, keeps=keep) as part:
        fill(part, "second", folder=True)

    assert read(target, folder=True) == "first"
    assert asked == ["first"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_came_and_went_meanwhile_is_no_error(tmp_path, monkeypatch):
    target, replace, calls = tmp_path / "artifact", Path.replace, []

    def be_late(part, to):
        calls.append(to)
        if len(calls) == 1:  # another writer's folder, which a third has moved aside
            raise OSError(errno.ENOTEMPTY, "Directory not empty")
        return replace(part, to)

    monkeypatch.setattr(Path, "replace", be_late)
    with atomic_write(target) as part:
        fill(part, "new", folder=True)

    assert read(target, folder=True) == "new"
    assert calls == [target, target]


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


def test_a_folder_that_cannot_be_put_back_waits_for_recovery(tmp_path, monkeypatch):
    target, rename = tmp_path / "artifact", Path.rename
    fill(target, "old", folder=True)

    def fail(path, place):
        if place == target:
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, place)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="Input/output"), atomic_write(target) as part:
            fill(part, "new", folder=True)
    assert not target.exists()

    recover(target)

    assert read(target, folder=True) == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_a_writer_puts_there_meanwhile_stays(tmp_path, monkeypatch):
    target, rename = tmp_path / "artifact", Path.rename
    old = tmp_path / f".artifact.{DEAD}-0123abcd.old"
    fill(old, "old", folder=True)

    def be_late(path, place):
        fill(place, "new", folder=True)
        return rename(path, place)

    monkeypatch.setattr(Path, "rename", be_late)

    recover(target)

    assert read(target, folder=True) == "new"


def test_writers_of_one_folder_do_not_disturb_each_other(tmp_path):
    target = tmp_path / "artifact"

    def write(number):
        for _ in range(30):
            with atomic_write(target) as part:
                fill(part, str(number), folder=True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    assert read(target, folder=True) in "0123"
    assert list(tmp_path.iterdir()) == [target]


def test_parts_have_names_of_their_own_and_the_suffix(tmp_path):
    target = tmp_path / "model.keras"
    with atomic_write(target) as one, atomic_write(target) as other:
        assert one != other
        assert one.suffix == other.suffix == ".keras"
        one.write_text("1")
        other.write_text("2")

    assert target.read_text() == "1"  # the last to end

"""What killed processes leave beside a target, of this machine and of others."""

import errno
import os
import re
import socket
import time
from pathlib import Path

import pytest
from tests.files.written import DEAD, fill, read

from lfw17_kedro.files import atomic
from lfw17_kedro.files.atomic import atomic_write, name_machine, recover, sweep


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

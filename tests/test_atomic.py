import os
from pathlib import Path

import pytest

from lfw17_kedro.atomic import atomic_write, recover, sweep


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


def test_parts_have_names_of_their_own_and_the_suffix(tmp_path):
    target = tmp_path / "model.keras"
    with atomic_write(target) as one, atomic_write(target) as other:
        assert one != other
        assert one.suffix == other.suffix == ".keras"
        one.write_text("1")
        other.write_text("2")

    assert target.read_text() == "1"  # the last to end

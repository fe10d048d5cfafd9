"""Several writers of one target at once."""

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.files.written import fill, read

from lfw17_kedro.files.atomic import atomic_write


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

"""`ScanStore`: killed, failing and simultaneous writers."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.stores.scanned_photos import (
    FILES,
    D,
    check_scan,
    damage,
    hash_name,
    list_known,
    list_parts,
    make_scanned,
    read_all,
)

from lfw17_kedro.files.atomic import name_machine
from lfw17_kedro.stores.scan_store import ScanStore


def test_folder_that_cannot_be_written_to_is_refused_before_work(open_store, tmp_path):
    open_store().prepare()
    assert [*(tmp_path / "scan/f").iterdir()] == []

    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"expected a folder to keep .*; name another"):
        ScanStore(tmp_path / "file", "f", D).prepare()


def test_foreign_files_are_ignored(open_store, tmp_path, caplog):
    open_store().add([make_scanned("a")])
    folder = tmp_path / "scan/f"
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "notes").mkdir()
    (folder / "part-of-mine").mkdir()
    (folder / f"part-{'1' * 16}").write_text("a file")
    (folder / "copy.damaged").mkdir()

    assert list_known(open_store()) == {hash_name("a")}
    assert not caplog.messages
    assert (folder / "notes").is_dir()


KILLED = """
import os, sys
from pathlib import Path
from lfw17_kedro.files import atomic
from lfw17_kedro.stores import scan_store
from tests.stores.scanned_photos import make_scanned

store = scan_store.ScanStore(Path(sys.argv[1]), "f", 3)
store.add([make_scanned("a")])
atomic.flush = lambda part: os.kill(os.getpid(), 9)  # all of it is written by then
store.add([make_scanned("b")])
"""


def test_kill_while_a_part_is_written_loses_that_part_alone(open_store, tmp_path):
    command = [sys.executable, "-c", KILLED, tmp_path / "scan"]
    assert subprocess.run(command, check=False).returncode == -9
    folder = tmp_path / "scan/f"
    assert len(list(folder.glob(".part-*"))) == 1

    store = open_store()
    assert list_known(store) == {hash_name("a")}
    store.add([make_scanned("b")])

    assert list_known(store) == {hash_name("a"), hash_name("b")}
    assert not list(folder.glob(".part-*"))  # what the killed process left is swept


def test_failed_write_leaves_nothing(open_store, tmp_path, monkeypatch):
    def fail(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="/f: expected to keep .* No space left .*; make"):
        open_store().add([make_scanned("a")])

    assert list((tmp_path / "scan/f").iterdir()) == []


@pytest.mark.parametrize("threads", [2, 6])
def test_stores_may_write_at_once(open_store, threads):
    def add(number):
        store = open_store()
        for n in range(4):
            store.add([make_scanned(10 * number + n), make_scanned("shared")])
            list_known(store)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(add, range(threads)))

    expected = {10 * t + n for t in range(threads) for n in range(4)} | {"shared"}
    store = open_store()
    assert list_known(store) == set(map(hash_name, expected))
    photos = [make_scanned(n) for n in sorted(map(str, expected))]
    check_scan(store.read(one.sha256 for one in photos), photos)


def test_part_that_another_process_sets_aside_meanwhile(open_store, tmp_path):
    open_store().add([make_scanned("a")])
    store = open_store()
    list_known(store)
    [part] = list_parts(tmp_path)
    damage(part / "pictures.parquet", "flip")
    list(open_store().read_pictures([hash_name("a")]))  # sets it aside

    assert not part.exists()
    with pytest.raises(OSError, match="got a part that is damaged or gone; run again"):
        store.read([hash_name("a")])
    assert list(store.read_pictures([hash_name("a")])) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
@pytest.mark.parametrize("file", [*FILES, ""])
def test_part_without_permission_is_no_damage(open_store, tmp_path, file):
    open_store().add([make_scanned("a")])
    [part] = list_parts(tmp_path)
    locked = part / file
    mode = locked.stat().st_mode
    locked.chmod(0)
    try:
        with pytest.raises(OSError, match=r"expected to read .*; change the rights"):
            read_all(open_store(), [hash_name("a")])
    finally:
        locked.chmod(mode)
    assert list_known(open_store()) == {hash_name("a")}


@pytest.mark.parametrize("error", [PermissionError(13, "Denied"), OSError(24, "Many")])
@pytest.mark.parametrize("file", FILES)
def test_errors_of_the_system_are_no_damage(
    open_store, tmp_path, monkeypatch, error, file
):
    open_store().add([make_scanned("a")])
    read_bytes = type(tmp_path).read_bytes

    def refuse(path):
        if path.name == file:
            raise error
        return read_bytes(path)

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "read_bytes", refuse)
        with pytest.raises(OSError, match=r"expected to read .*; change the rights"):
            read_all(open_store(), [hash_name("a")])

    assert list_known(open_store()) == {hash_name("a")}
    assert len(list_parts(tmp_path)) == 1


@pytest.mark.parametrize(
    "owner",
    ["1-01234567", f"{name_machine()}-1-01234567", "another_machine-4194305-01234567"],
)
def test_unfinished_parts_of_living_processes_stay(open_store, tmp_path, owner):
    unfinished = tmp_path / f"scan/f/.part-{'0' * 16}.{owner}.part"
    unfinished.mkdir(parents=True)

    open_store().add([make_scanned("a")])

    assert unfinished.is_dir()


@pytest.mark.parametrize("owner", ["4194305", f"{name_machine()}-4194305"])
def test_unfinished_parts_of_dead_processes_go(open_store, tmp_path, owner):
    unfinished = tmp_path / f"scan/f/.part-{'0' * 16}.{owner}-01234567.part"
    unfinished.mkdir(parents=True)  # above the greatest process id of Linux

    open_store().add([make_scanned("a")])

    assert not unfinished.exists()

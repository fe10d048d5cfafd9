import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from lfw17_kedro.files.folder_lock import FolderLock, LockedError
from lfw17_kedro.files.run_lock import RunLock

NOTE = ".run.holder.json"
HOLD = """
import sys, time
from pathlib import Path
from lfw17_kedro.files.run_lock import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.acquire("kedro run", 0)
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
lock.release()
"""


def start_holder(folder, seconds=60):
    """Start another process that holds the lock of a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder, str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "locked\n"
    return process


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def holder(tmp_path):
    process = start_holder(tmp_path)
    yield process
    end(process)


def refuse(folder, max_wait=0.0):
    """Give the message of a lock that cannot be had."""
    with pytest.raises(LockedError) as error:
        RunLock(folder).acquire("kedro run --pipelines reporting", max_wait)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_second_run_names_the_first_and_ends_at_once(tmp_path, holder):
    start = time.monotonic()

    message = refuse(tmp_path)

    assert time.monotonic() - start < 30  # half as long as the first lives
    started = json.loads((tmp_path / NOTE).read_text())["started"]
    assert message == (
        f"{tmp_path}: `kedro run`, process {holder.pid} on {os.uname().nodename}, "
        f"started {started}, is using the data of this source; wait until it ends, "
        "end it, or let this run wait with `--params runs.max_wait=SECONDS`."
    )


def test_waiting_is_logged_once_and_has_an_end(tmp_path, holder, caplog):
    with caplog.at_level(logging.INFO):
        message = refuse(tmp_path, 0.2)

    assert "is using the data of this source, also after 0.2 s of waiting;" in message
    (line,) = [r.message for r in caplog.records if r.name.startswith("lfw17")]
    assert f"`kedro run`, process {holder.pid} on " in line
    assert line.endswith(
        "is using the data of this source; this run waits up to 0.2 s."
    )


def test_a_run_that_waits_gets_the_lock_when_the_first_ends(tmp_path):
    process = start_holder(tmp_path, seconds=0.5)
    lock = RunLock(tmp_path)

    lock.acquire("kedro run", 60)

    lock.release()
    end(process)


def test_ctrl_c_ends_the_waiting(tmp_path, holder, monkeypatch):
    lock = RunLock(tmp_path)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(time, "sleep", lambda _: signal.raise_signal(signal.SIGINT))
        lock.acquire("kedro run", 60)

    lock.release()  # does nothing: it was never held
    assert holder.poll() is None
    assert (tmp_path / NOTE).is_file()


def test_a_dead_holder_holds_nothing(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / NOTE).is_file()
    lock = RunLock(tmp_path)

    lock.acquire("kedro run", 0)

    assert json.loads((tmp_path / NOTE).read_text())["pid"] == os.getpid()
    lock.release()
    assert not (tmp_path / NOTE).exists()


def test_a_note_of_a_dead_process_is_not_believed(tmp_path, holder):
    note = json.loads((tmp_path / NOTE).read_text())
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / NOTE).write_text(json.dumps(note | {"pid": dead.pid}))

    assert "another process, which left no note in" in refuse(tmp_path)

    (tmp_path / NOTE).write_text(json.dumps(note | {"pid": dead.pid, "host": "far"}))
    assert f"process {dead.pid} on far, started" in refuse(tmp_path)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"[",
        b"[]",
        b"null",
        b"\xff",
        b'{"pid": "x", "host": 1, "started": 2, "command": 3}',
        b'{"pid": 1}',
        b"[" * 100_000,
        b"[" * 5_000,
    ],
)
def test_a_damaged_note_does_not_matter(tmp_path, holder, note):
    (tmp_path / NOTE).write_bytes(note)

    message = refuse(tmp_path)

    who = "another process, which left no note in .run.holder.json, is using the data"
    assert who in message


def test_the_note_is_never_written_through_a_link(tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    (tmp_path / NOTE).symlink_to(mine)
    lock = RunLock(tmp_path)

    lock.acquire("kedro run", 0)

    lock.release()
    assert mine.read_text() == "mine"


def make_link(file):
    file.symlink_to(file.with_name("elsewhere"))


@pytest.mark.parametrize("make", [make_link, os.mkdir])
def test_something_else_in_the_place_of_the_lock_is_named(tmp_path, make):
    make(tmp_path / ".run.lock")

    message = refuse(tmp_path)

    assert message.startswith(f"{tmp_path}: expected a folder to lock and to write to")
    assert str(tmp_path / ".run.lock") in message
    assert "remove it if it is a link" in message
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "orl").touch()

    assert f"File exists: '{tmp_path / 'orl'}'" in refuse(tmp_path / "orl")


def test_a_link_to_nothing_is_named(tmp_path):
    (tmp_path / "data").symlink_to(tmp_path / "gone")

    assert refuse(tmp_path / "data" / "orl") == (
        f"{tmp_path / 'data' / 'orl'}: expected a folder to lock and to write to, got: "
        f"{tmp_path / 'data'} is a link to {tmp_path / 'gone'}, which is not there; "
        "make that folder, or remove the link."
    )


def fill(*arguments, **options):
    raise OSError(28, "No space left on device", str(arguments[0]))


@pytest.mark.parametrize("call", ["os.open", "os.mkdir", "pathlib.Path.write_text"])
def test_a_full_disk_is_named(tmp_path, monkeypatch, call):
    with monkeypatch.context() as patched:
        patched.setattr(call, fill)
        message = refuse(tmp_path / "orl")

    assert message.endswith("got: the disk is full; make room and run again.")


def deny(*arguments, **options):
    raise PermissionError(13, "Permission denied", str(arguments[0]))


@pytest.mark.parametrize("call", ["os.open", "pathlib.Path.write_text"])
def test_a_folder_without_rights_is_named(tmp_path, monkeypatch, call):
    with monkeypatch.context() as patched:
        patched.setattr(call, deny)
        message = refuse(tmp_path)

    assert "got: [Errno 13] Permission denied: " in message
    assert "change the rights of what the error names" in message
    lock = RunLock(tmp_path)
    lock.acquire("kedro run", 0)  # the one that failed has released it
    lock.release()


def test_released_locks_can_be_taken_again(tmp_path):
    first, second = RunLock(tmp_path / "orl"), RunLock(tmp_path / "orl")

    for lock in (first, second, first):
        lock.acquire("kedro run", 0)
        lock.release()
    first.release()  # once more does nothing


def test_two_locks_of_one_process_exclude_each_other(tmp_path):
    lock = RunLock(tmp_path)
    lock.acquire("kedro run", 0)

    assert f"process {os.getpid()} on" in refuse(tmp_path)
    other = FolderLock(tmp_path, "training", "training", "wait")
    other.acquire("python train.py")  # another lock of the same folder

    other.release()
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    second = RunLock(tmp_path)
    second.acquire("kedro run", 0)
    second.release()

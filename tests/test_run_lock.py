import json
import os
import signal
import subprocess
import sys
import time

import pytest

from lfw17_kedro.run_lock import HOLDER, RunLock, RunningError

HOLD = """
import sys, time
from pathlib import Path
from lfw17_kedro.run_lock import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.acquire("kedro run", 0)
print("locked", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of tmp_path."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_names_the_first_and_ends_at_once(tmp_path, holder):
    start = time.monotonic()

    with pytest.raises(RunningError) as error:
        RunLock(tmp_path).acquire("kedro run --pipelines reporting", 0)

    assert time.monotonic() - start < 1
    message = str(error.value)
    assert f"`kedro run`, process {holder.pid} on {os.uname().nodename}" in message
    assert "let this run wait with `--params runs.max_wait=SECONDS`" in message


def test_waiting_has_an_end(tmp_path, holder):
    with pytest.raises(RunningError, match=r"of this source for 0\.2 s"):
        RunLock(tmp_path).acquire("kedro run", 0.2)


def test_a_dead_holder_holds_nothing(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / HOLDER).is_file()
    lock = RunLock(tmp_path)

    lock.acquire("kedro run", 0)

    assert json.loads((tmp_path / HOLDER).read_text())["pid"] == os.getpid()
    lock.release()
    assert not (tmp_path / HOLDER).exists()


def test_a_damaged_note_does_not_matter(tmp_path, holder):
    (tmp_path / HOLDER).write_text("[")

    with pytest.raises(RunningError, match="another run, has been using the data"):
        RunLock(tmp_path).acquire("kedro run", 0)


def test_released_locks_can_be_taken_again(tmp_path):
    first, second = RunLock(tmp_path / "orl"), RunLock(tmp_path / "orl")

    for lock in (first, second, first):
        lock.acquire("kedro run", 0)
        lock.release()
    first.release()  # once more does nothing

"""`ProcessPool`: processes that die, and processes whose run dies."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.compute.works import DieOnce, give_lambda, tell_process

from lfw17_kedro.compute.processes import DIED, ProcessPool
from lfw17_kedro.compute.tasks import run_tasks
from lfw17_kedro.threads import count_cores


def run(work, items, workers=2):
    pool = ProcessPool(work, workers)
    try:
        return {one.task.item: one for one in run_tasks(pool, items)}
    finally:
        pool.close()


def test_each_process_has_its_share_of_the_cores():
    results = [one.result for one in run(tell_process, range(8)).values()]

    assert sorted(item for item, _, _ in results) == list(range(8))
    processes = {process for _, process, _ in results}
    assert len(processes) == 2
    assert os.getpid() not in processes
    assert {int(threads) for *_, threads in results} == {max(1, count_cores() // 2)}
    assert not any(map(is_alive, processes))  # closed


def test_task_of_a_dead_process_is_done_by_another(tmp_path):
    attempts = run(DieOnce(tmp_path, 3), range(6))

    assert {item: one.result for item, one in attempts.items()} == {
        item: 2 * item for item in range(6)
    }


def test_task_that_kills_every_process_is_given_up_alone(tmp_path):
    attempts = run(DieOnce(tmp_path, 1, always=True), range(4))

    assert attempts.pop(1).error == DIED
    assert {item: one.result for item, one in attempts.items()} == {0: 0, 2: 4, 3: 6}


def test_result_that_cannot_be_sent_is_an_error():
    assert "pickle" in run(give_lambda, [1], workers=1)[1].error.lower()


RUN = """
import sys
from lfw17_kedro.compute.processes import ProcessPool
from lfw17_kedro.compute.tasks import run_tasks
from tests.compute.works import WriteAndSleep

if __name__ == "__main__":
    list(run_tasks(ProcessPool(WriteAndSleep(sys.argv[1]), 2), "ab"))
"""


@pytest.mark.skipif(os.name != "posix", reason="kills processes")
def test_processes_end_with_a_run_that_is_killed(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(RUN)
    work = tmp_path / "work"
    work.mkdir()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
    with subprocess.Popen([sys.executable, script, work], env=environment) as begun:
        wait_until(lambda: len(list(work.iterdir())) == 2)
        begun.kill()
    processes = [int(one.name.partition("-")[2]) for one in work.iterdir()]

    wait_until(lambda: not any(map(is_alive, processes)))


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Where pytest is process 1, as in a container, nobody asks how an orphan ended.
    status = Path(f"/proc/{process}/status")
    return not status.exists() or "State:\tZ" not in status.read_text()

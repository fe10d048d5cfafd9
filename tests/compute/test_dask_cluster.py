"""`DaskPool`: a real cluster on this machine, whose parts are killed."""

import gc
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from threading import Thread

import pytest
from tests.compute.test_processes import is_alive, wait_until
from tests.compute.works import DieOnce, UnfitFirst, WriteAndSleep, tell_process

from lfw17_kedro.compute import dask_cluster
from lfw17_kedro.compute.engines import make_pool
from lfw17_kedro.compute.tasks import StopError, Task, run_tasks

pytest.importorskip("distributed", reason="the extra dask is not installed")

# distributed warns of what it finds on its ports, and closes some sockets late.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module", autouse=True)
def collect_garbage():
    """Let its warnings come here, not in the tests of the next file."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def wait_for_late_workers(monkeypatch):
    """Give workers the time that they take to start on a busy machine."""
    monkeypatch.setattr(dask_cluster, "LOST_SECONDS", 300)


def run(work, items, workers=1, address=None):
    pool = make_pool(work, "dask", workers, address)
    try:
        return {one.task.item: one for one in run_tasks(pool, items)}
    finally:
        pool.close()


@contextmanager
def start(*words):
    """Start a command of Dask."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def read_address(process):
    """Give the address that a scheduler prints."""
    for line in process.stderr:
        if found := re.search(r"Scheduler at:\s+(tcp://\S+)", line):
            return found[1]
    raise AssertionError("the scheduler printed no address")


@pytest.fixture
def scheduler():
    with start("dask_scheduler", "--port", "0", "--no-dashboard") as process:
        yield process, read_address(process)


def start_workers(address, count):
    options = ["--nworkers", str(count), "--nthreads", "1", "--no-dashboard"]
    return start("dask_worker", address, *options)


def test_messages_to_the_scheduler_and_the_workers_are_not_kept():
    pool = make_pool(len, "dask", 1)
    try:
        attempts = [*run_tasks(pool, ["0123"] * 4)]
        streams = [
            pool._client.scheduler_comm,
            *pool._cluster.scheduler.stream_comms.values(),
        ]
        kept = [list(stream.recent_message_log) for stream in streams]
    finally:
        pool.close()

    assert [one.result for one in attempts] == [4] * 4
    assert kept == [[], []]


def test_cluster_of_its_own():
    results = [one.result for one in run(tell_process, range(8), workers=2).values()]

    assert sorted(item for item, _, _ in results) == list(range(8))
    assert len({process for _, process, _ in results}) == 2
    assert os.getpid() not in {process for _, process, _ in results}


INTERRUPTED = """
import sys
from tests.compute.works import WriteAndSleep
from lfw17_kedro.compute.engines import make_pool
from lfw17_kedro.compute.tasks import run_tasks

if __name__ == "__main__":
    pool = make_pool(WriteAndSleep(sys.argv[1]), "dask", 2)
    try:
        list(run_tasks(pool, "ab"))
    except KeyboardInterrupt:
        print("stopped")
    finally:
        pool.close()
"""


def test_ctrl_c_in_a_terminal_reaches_the_run_alone(tmp_path):
    script, work = tmp_path / "run.py", tmp_path / "work"
    script.write_text(INTERRUPTED)
    work.mkdir()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])}
    with subprocess.Popen(
        [sys.executable, script, work],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as run:
        try:
            wait_until(lambda: len(list(work.iterdir())) == 2)
            os.killpg(run.pid, signal.SIGINT)  # as a terminal does
            shown = run.communicate(timeout=300)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
    processes = [int(one.name.partition("-")[2]) for one in work.iterdir()]

    assert shown == ("stopped\n", "")
    assert run.returncode == 0
    assert not any(map(is_alive, processes))


def test_task_of_a_worker_that_dies_is_done_by_another(scheduler, tmp_path):
    _, address = scheduler
    with start_workers(address, 2):
        attempts = run(DieOnce(tmp_path, 3), range(6), address=address)

    results = {item: one.result for item, one in attempts.items()}
    assert results == {item: 2 * item for item in range(6)}


def test_result_that_came_before_its_worker_died_counts(scheduler):
    _, address = scheduler
    pool = make_pool(tell_process, "dask", 1, address)
    with start_workers(address, 1):
        assert pool.submit(Task(0, "a"), avoid="")
        [future] = pool._tasks
        wait_until(future.done)
    wait_until(lambda: not pool._client.scheduler_info()["workers"])
    attempt = pool.wait()
    pool.close()

    assert attempt.result[0] == "a"


def test_unfit_worker_gets_no_more_tasks(scheduler, tmp_path):
    _, address = scheduler
    with start_workers(address, 2):
        attempts = run(UnfitFirst(tmp_path), range(6), address=address)

    unfit = int((tmp_path / "unfit").read_text())
    results = [one.result for one in attempts.values()]
    assert sorted(item for item, _ in results) == list(range(6))
    assert unfit not in {process for _, process in results}


def test_lost_scheduler_ends_with_an_error(scheduler, tmp_path, monkeypatch):
    process, address = scheduler

    def kill_when_begun():
        wait_until(lambda: any(tmp_path.iterdir()))
        monkeypatch.setattr(dask_cluster, "LOST_SECONDS", 2)
        process.kill()

    with start_workers(address, 1):
        pool = make_pool(WriteAndSleep(tmp_path), "dask", 1, address)
        killer = Thread(target=kill_when_begun)
        killer.start()
        with pytest.raises(StopError, match=r"expected a Dask scheduler .* again"):
            list(run_tasks(pool, "ab"))
        killer.join()
        pool.close()


def test_nothing_at_the_address(monkeypatch):
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 1)

    with pytest.raises(
        StopError, match=r"expected a Dask scheduler at compute.address=tcp://.*:1, got"
    ):
        make_pool(str, "dask", 1, "tcp://127.0.0.1:1")


def test_no_workers(scheduler, monkeypatch):
    pool = make_pool(str, "dask", 1, scheduler[1])
    monkeypatch.setattr(dask_cluster, "LOST_SECONDS", 1)
    try:
        with pytest.raises(StopError, match="it has no workers; what was finished is"):
            list(run_tasks(pool, "a"))
    finally:
        pool.close()


def test_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(StopError, match=r"EXTRAS=dask`, or without make .*\[dask\]"):
        make_pool(str, "dask", 1)

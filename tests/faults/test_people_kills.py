"""Kill runs of `--env people` and their workers, run again, and compare.

However often it was killed, a run must end with the parts of a run that was never
killed, byte for byte, and no part that was finished may be done again.
"""

import os
import random
import signal
import time
from types import SimpleNamespace

import pytest
from benchmarks.dask_servers import DaskServers, kill_group
from benchmarks.photo_maker import make_photos
from benchmarks.scale_runs import hash_parts
from fault_people import (
    KilledRuns,
    copy_project,
    find_workers,
    kill_run,
    make_enrolled_project,
    measure_work,
)
from fault_project import in_campaign
from fault_runs import find_error
from fault_verdicts import NEW, REFUSED

PHOTOS, SHARD, KILLS = 96, 8, 2  # in the short form
CAMPAIGN_PHOTOS, CAMPAIGN_SHARD, CAMPAIGN_KILLS = 600, 20, 20
WORKERS = 2
MAX_STARTS = 5  # of a run that ends before this process kills it
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory):
    """A project in which the people were enrolled; do not change it."""
    return make_enrolled_project(tmp_path_factory.mktemp("people") / "enrolled")


@pytest.fixture(scope="module")
def parameters(campaign, tmp_path_factory):
    """Of all runs: the photos, and small shards."""
    folder = tmp_path_factory.mktemp("photos")
    make_photos(folder, CAMPAIGN_PHOTOS if campaign else PHOTOS)
    size = CAMPAIGN_SHARD if campaign else SHARD
    return {"photos_folder": folder, "compute.shard_size": size}


@pytest.fixture(scope="module")
def unbroken(enrolled, parameters, tmp_path_factory):
    """A project whose photos were named in one run, and the times of its parts."""
    project = copy_project(enrolled, tmp_path_factory.mktemp("unbroken") / "project")
    runs = KilledRuns(project, parameters)
    code, times = run_unbroken(runs)
    assert code == 0, runs.read_log()
    return project, times


def run_unbroken(runs, **chosen):
    """Run once to the end; gives the exit code, and after how long parts were there."""
    start = time.time()
    code = runs.finish(runs.start(**chosen))
    written = [(part / "part.json").stat().st_mtime for part in runs.list_new_parts()]
    return code, sorted(moment - start for moment in written)


@pytest.fixture
def runs(enrolled, parameters, tmp_path):
    """Runs in a project of the test's own."""
    return KilledRuns(copy_project(enrolled, tmp_path / "project"), parameters)


@pytest.mark.parametrize("engine", ["local", *in_campaign("processes", "dask")])
def test_a_run_killed_again_and_again_ends_as_an_unbroken_one(
    engine, campaign, tally, enrolled, unbroken, runs, tmp_path
):
    project, times = unbroken
    kind = f"kill -9, people, {engine}"
    kills = CAMPAIGN_KILLS if campaign else KILLS
    chosen = {"compute.engine": engine}
    if engine != "local":
        chosen["compute.workers"] = WORKERS
        other = copy_project(enrolled, tmp_path / "other")
        whole = KilledRuns(other, runs.parameters)
        code, times = run_unbroken(whole, **chosen)
        assert whole.find_problems_at_end(code, project) == []
    rng = random.Random(engine)
    # So that all kills together come as far as one unbroken run.
    latest = times[0] + 2 * (times[-1] - times[0]) / kills
    for index in range(kills):
        seconds = rng.uniform(0, latest)
        process = runs.start(**chosen)
        time.sleep(seconds)
        kill_run(process)
        problems = runs.find_problems(hash_parts(project))
        if process.returncode not in (0, -9):  # it may have ended just before
            problems.append(f"before the kill: {runs.read_log()[-500:]!r}")
        trial = f"{engine}, kill {index} after {seconds:.2f} s"
        tally.judge(kind, NEW, problems, trial)
    code = runs.finish(runs.start(**chosen))
    problems = runs.find_problems_at_end(code, project)
    if sum(runs.created) != len(times):
        problems.append(f"{runs.created} parts were written, {len(times)} expected")
    tally.judge(kind, NEW, problems, f"{engine}, the last run")
    tally.check(kills + 1)


@pytest.fixture
def start_half(enrolled, parameters, unbroken, tmp_path):
    """Start a run, and wait until it has finished some of its parts, but not all."""

    def start(**chosen):
        for number in range(MAX_STARTS):
            folder = tmp_path / f"half-{number}"
            runs = KilledRuns(copy_project(enrolled, folder), parameters)
            process = runs.start(**chosen)
            is_running = runs.wait_for_parts(process, 2)
            if is_running and len(runs.list_new_parts()) < len(unbroken[1]):
                return runs, process
            code = runs.finish(process)  # this process was too late
            assert code == 0, runs.read_log()
        raise AssertionError(f"{MAX_STARTS} runs ended before they could be killed")

    return start


def test_a_process_that_is_killed_is_replaced(tally, unbroken, start_half):
    project, _ = unbroken
    runs, process = start_half(
        **{"compute.engine": "processes", "compute.workers": WORKERS}
    )
    os.kill(find_workers(process.pid)[0], signal.SIGKILL)

    code = runs.finish(process)

    problems = runs.find_problems_at_end(code, project)
    tally.judge("a worker killed, processes", NEW, problems, "the first worker")
    tally.check(1)


@pytest.mark.parametrize("nanny", [False, *in_campaign(True)])
def test_the_shards_of_a_dask_worker_that_is_killed_go_to_others(
    nanny, tally, unbroken, start_half, tmp_path
):
    project, _ = unbroken
    with DaskServers(tmp_path, WORKERS) as servers:
        address = {"compute.engine": "dask", "compute.address": servers.address}
        runs, process = start_half(**address)
        busiest = max(servers.workers, key=lambda one: measure_work(one.pid))
        if nanny:  # nobody starts the worker anew
            kill_group(busiest)
        else:
            os.kill(find_workers(busiest.pid)[0], signal.SIGKILL)

        code = runs.finish(process)

    problems = runs.find_problems_at_end(code, project)
    tally.judge("a worker killed, dask", NEW, problems, f"with its nanny: {nanny}")
    tally.check(1)


def test_a_run_whose_dask_scheduler_is_killed_says_so_and_the_next_goes_on(
    tally, unbroken, start_half, tmp_path
):
    project, times = unbroken
    with DaskServers(tmp_path, WORKERS) as servers:
        address = {"compute.engine": "dask", "compute.address": servers.address}
        runs, process = start_half(**address)
        kill_group(servers.scheduler)

        code = runs.finish(process)

    problems = runs.find_problems(hash_parts(project))
    if code != 1:
        problems.append(f"exit code {code}: {runs.read_log()[-700:]!r}")
    error, wrong = find_error(SimpleNamespace(output=runs.read_log()))
    problems += wrong
    if servers.address not in error:
        problems.append(f"no mention of {servers.address} in {error!r}")
    tally.judge("the scheduler killed, dask", REFUSED, problems, servers.address)

    code = runs.finish(runs.start())

    problems = runs.find_problems_at_end(code, project)
    if sum(runs.created) != len(times):
        problems.append(f"{runs.created} parts were written, {len(times)} expected")
    tally.judge("the scheduler killed, dask", NEW, problems, "the next run")
    tally.check(2)

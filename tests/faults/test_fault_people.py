"""What the tests of killed runs must notice."""

import json
import os
import subprocess
import sys
import time

import pandas as pd
import pytest
from benchmarks.scale_runs import STORE, hash_parts
from fault_people import KilledRuns, find_workers, kill_run, measure_work

SPAWN = """
import multiprocessing, time
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=time.sleep, args=(60,), daemon=True)
    process.start()
    print(process.pid, flush=True)
    process.join()
"""


def write_part(project, name, photos):
    part = project / STORE / "f" / name
    part.mkdir(parents=True)
    pd.DataFrame({"sha256": [name] * photos}).to_parquet(part / "photos.parquet")
    (part / "part.json").write_text(json.dumps({"dimension": 128}))
    return part


@pytest.fixture
def runs(tmp_path):
    """Runs of a project that has a part of its people, and one finished part."""
    write_part(tmp_path, "part-people", 9)
    runs = KilledRuns(tmp_path, {})
    write_part(tmp_path, "part-a", 4)
    (tmp_path / "run.log").write_text("photos: 10 photos, 10 of them new\n")
    assert runs.find_problems(hash_parts(tmp_path)) == []
    return runs


def test_parts_are_counted_once_and_without_those_of_the_people(runs):
    write_part(runs.project, "part-b", 4)
    (runs.project / "run.log").write_text(
        "people_photos: 9 photos, 0 of them new\nphotos: 10 photos, 6 of them new\n"
    )

    assert runs.find_problems(hash_parts(runs.project)) == []
    assert runs.created == [1, 1]
    assert [part.name for part in runs.list_new_parts()] == ["part-a", "part-b"]


def test_a_part_that_was_written_again_is_a_problem_though_it_is_the_same(runs):
    card = runs.project / STORE / "f/part-a/part.json"
    content = card.read_bytes()
    copy = card.with_name("copy")
    copy.write_bytes(content)
    os.replace(copy, card)

    (problem,) = runs.find_problems(hash_parts(runs.project))[:1]

    assert problem.startswith("finished parts were done again or lost: ")
    assert "part-a" in problem
    assert "part-people" not in problem


def test_a_part_that_is_not_as_in_an_unbroken_run_is_a_problem(runs):
    expected = hash_parts(runs.project)
    write_part(runs.project, "part-b", 4)
    (runs.project / "run.log").write_text("killed before it said anything\n")

    assert runs.find_problems(expected) == [
        "not as in an unbroken run: ['f/part-b/part.json', 'f/part-b/photos.parquet']"
    ]


def test_photos_that_are_searched_again_are_a_problem(runs):
    (runs.project / "run.log").write_text("photos: 10 photos, 7 of them new\n")

    assert runs.find_problems(hash_parts(runs.project)) == ["7 new of 10, 4 known"]


def test_workers_are_the_processes_that_a_run_has_spawned(tmp_path):
    script = tmp_path / "spawn.py"
    script.write_text(SPAWN)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        worker = int(process.stdout.readline())
        end = time.monotonic() + 60
        while not find_workers(process.pid) and time.monotonic() < end:
            time.sleep(0.01)  # between its fork and its exec it has its parent's name

        assert find_workers(process.pid) == [worker]
        assert measure_work(process.pid) > 0

        kill_run(process)

    assert process.returncode == -9
    assert find_workers(process.pid) == []

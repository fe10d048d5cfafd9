import subprocess

import pytest

from lfw17_kedro.run_record import (
    add_node,
    add_runs,
    describe_git,
    finish_run,
)


def make_record():
    """Two nodes of two runs."""
    record = {"nodes": {}, "runs": {}}
    for run in ("1", "2"):
        record = add_runs(record, {run: {"seed": 666, "data": {}, "finished": None}})
        record = add_node(record, f"node_{run}", {"run": run, "seconds": 1.0}, {})
    return record


def test_a_later_run_keeps_the_other_nodes():
    record = make_record()

    assert set(record["nodes"]) == {"node_1", "node_2"}
    assert set(record["runs"]) == {"1", "2"}


def test_a_run_without_nodes_is_dropped():
    record = add_runs(make_record(), {"3": {"data": {}}})
    record = add_node(record, "node_1", {"run": "3", "seconds": 2.0}, {"raw": "aaa"})

    assert set(finish_run(record, "3")["runs"]) == {"1", "2", "3"}  # 1 is under way
    record = finish_run(finish_run(record, "1"), "3")

    assert record["nodes"]["node_1"] == {"run": "3", "seconds": 2.0}
    assert set(record["runs"]) == {"2", "3"}
    assert record["runs"]["3"]["data"] == {"raw": "aaa"}


def test_a_record_begun_anew_waits_for_the_next_run():
    empty = {"nodes": {}, "runs": {}}

    assert add_node(empty, "node", {"run": "1"}, {}) == empty
    assert finish_run(empty, "1") == empty


def test_records_are_not_changed_in_place():
    record = make_record()

    finished = finish_run(record, "2")

    assert record["runs"]["2"]["finished"] is None
    assert finished["runs"]["2"]["finished"].endswith(" UTC")
    assert finished["runs"]["1"]["finished"] is None


def test_revision_and_uncommitted_changes(tmp_path):
    def git(*words):
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        done = subprocess.run(
            ["git", "-C", tmp_path, *who, *words],  # noqa: S607 (the tests' own git)
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert describe_git(tmp_path) is None
    git("init", "--quiet")
    (tmp_path / "a").write_text("a")
    git("add", "a")
    git("commit", "--quiet", "-m", "Add a")
    assert describe_git(tmp_path) == {
        "revision": git("rev-parse", "HEAD"),
        "dirty": False,
    }
    (tmp_path / "a").write_text("b")
    assert describe_git(tmp_path)["dirty"]


def test_every_run_is_recorded(few_faces, save_faces, run_project, project):
    save_faces(few_faces)

    record = run_project("data_processing").load("run_record")

    node = record["nodes"]["data_processing.augment_train_images"]
    run = record["runs"][node["run"]]
    assert node["seconds"] >= 0
    assert run["command"] == "kedro run --pipeline data_processing"
    assert run["finished"] is not None
    assert run["parameters"]["seed"] == 666
    assert len(run["data"]["raw_faces"]) == 64
    assert run["versions"]["kedro"]
    assert len(record["nodes"]) == 6

    again = run_project("data_processing", seed=7).load("run_record")

    assert len(again["runs"]) == 1
    (run,) = again["runs"].values()
    assert run["parameters"]["seed"] == 7
    assert run["runtime_parameters"] == {"seed": 7}


def test_peak_memory_is_each_nodes_own():
    from lfw17_kedro.run_record import _read_peak_memory, _reset_peak_memory

    if _read_peak_memory() is None:
        pytest.skip("only Linux tells the peak memory of a process")
    _reset_peak_memory()
    before = _read_peak_memory()
    block = bytearray(200 * 2**20)
    during = _read_peak_memory()
    del block
    _reset_peak_memory()

    assert during > before + 150
    assert _read_peak_memory() < during - 150


def test_a_broken_record_is_begun_anew(few_faces, save_faces, run_project, project):
    save_faces(few_faces)
    file = project / "data/08_reporting/orl/run.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"nodes": ')

    record = run_project("data_processing").load("run_record")

    assert len(record["nodes"]) == 6

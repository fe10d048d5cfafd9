import pytest
from pydantic import ValidationError

from lfw17_kedro.lineage.run_record import (
    RunRecord,
    add_node,
    add_runs,
    finish_run,
    get_namespace,
    read_clock,
    start_record,
)

EMPTY = {"nodes": {}, "runs": {}}


def test_a_record_starts_empty_and_is_nobody_elses():
    record = start_record()
    record["nodes"]["a.fit"] = {}

    assert start_record() == EMPTY


@pytest.mark.parametrize(
    ("node", "namespace"), [("svm.fit", "svm"), ("a.b.fit", "a.b"), ("fit", "")]
)
def test_a_namespace_stands_before_the_last_dot(node, namespace):
    assert get_namespace(node) == namespace


def make_run(**changes):
    run = {
        "started": "2026-01-01 10:00:00 UTC",
        "finished": None,
        "env": None,
        "command": "kedro run",
        "runtime_parameters": {},
        "parameters": {"seed": 666},
        "git": None,
        "versions": {},
        "machine": "an invented one",
        "data": {},
    }
    return run | changes


def make_entry(run="1", outputs=()):
    return {
        "run": run,
        "started": "2026-01-01 10:00:00.000001 UTC",
        "finished": "2026-01-01 10:00:01.000001 UTC",
        "seconds": 1.0,
        "peak_memory_mb": None,
        "tags": [],
        "parameters": {},
        "inputs": {},
        "outputs": list(outputs),
        "fingerprint": "f",
        "data": {},
    }


def make_record():
    """Two nodes of two runs."""
    record = add_runs(EMPTY, {"1": make_run(), "2": make_run()})
    record = add_node(record, "node_1", make_entry("1", outputs=["a"]), {})
    return add_node(record, "node_2", make_entry("2", outputs=["b"]), {})


def test_a_later_run_keeps_the_other_nodes():
    record = make_record()

    assert set(record["nodes"]) == {"node_1", "node_2"}
    assert set(record["runs"]) == {"1", "2"}


def test_runs_without_nodes_are_dropped():
    record = add_runs(make_record(), {"3": make_run()})
    record = add_node(record, "node_1", make_entry("3", outputs=["a"]), {"raw": "aaa"})

    record = finish_run(record, "3")  # 1 was killed

    assert record["nodes"]["node_1"]["run"] == "3"
    assert set(record["runs"]) == {"2", "3"}
    assert record["runs"]["3"]["data"] == {"raw": "aaa"}


def test_a_record_started_afresh_waits_for_the_next_run():
    assert add_node(EMPTY, "node", make_entry("1"), {}) == EMPTY
    assert finish_run(EMPTY, "1") == EMPTY


def test_records_are_not_changed_in_place():
    record = make_record()

    finished = finish_run(record, "2")
    add_node(record, "node_3", make_entry("2"), {"raw": "aaa"})

    assert record["runs"]["2"]["finished"] is None
    assert record["runs"]["2"]["data"] == {}
    assert set(record["nodes"]) == {"node_1", "node_2"}
    assert finished["runs"]["2"]["finished"].endswith(" UTC")
    assert finished["runs"]["1"]["finished"] is None


def test_a_renamed_node_takes_the_place_of_the_old_one():
    record = add_node(make_record(), "renamed", make_entry("2", outputs=["a"]), {})

    assert set(record["nodes"]) == {"renamed", "node_2"}


def test_the_shape_is_checked():
    record = make_record()
    RunRecord.model_validate(record)
    RunRecord.model_validate(EMPTY)

    with pytest.raises(ValidationError, match="node_1 is of run 1, which is not there"):
        RunRecord.model_validate(record | {"runs": {"2": make_run()}})
    entry = make_entry("1")
    del entry["fingerprint"]
    with pytest.raises(ValidationError, match="fingerprint"):
        RunRecord.model_validate(record | {"nodes": {"a": entry}})
    with pytest.raises(ValidationError):
        RunRecord.model_validate([1, 2])
    with pytest.raises(ValidationError, match="seconds"):
        RunRecord.model_validate(
            record | {"nodes": {"a": make_entry("1") | {"seconds": "1.0"}}}
        )
    with pytest.raises(ValidationError, match="git.dirty"):
        git = {"revision": "a", "dirty": "no"}
        RunRecord.model_validate({"nodes": {}, "runs": {"1": make_run(git=git)}})


def test_times_compare_as_texts():
    first, second = read_clock("microseconds"), read_clock("microseconds")

    assert len(first) == len("2026-01-01 10:00:00.000001 UTC")
    assert first <= second

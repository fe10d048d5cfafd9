import pytest
from pydantic import ValidationError

from lfw17_kedro.record import (
    RunRecord,
    add_node,
    add_runs,
    finish_run,
    read_clock,
)

EMPTY = {"nodes": {}, "runs": {}}


def make_run(**changes):
    run = {
        "started": "2026-01-01 10:00:00 UTC",
        "finished": None,
        "env": None,
        "command": "kedro run",
        "runtime_parameters": {},
        "parameters": {"seed": 666},
        "data": {},
    }
    return run | changes


def make_entry(run="1", inputs=(), outputs=(), **parameters):
    return {
        "run": run,
        "started": "2026-01-01 10:00:00.000001 UTC",
        "finished": "2026-01-01 10:00:01.000001 UTC",
        "seconds": 1.0,
        "peak_memory_mb": None,
        "tags": [],
        "parameters": parameters,
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def make_record():
    """Two nodes of two runs."""
    record = add_runs(EMPTY, {"1": make_run(), "2": make_run()})
    record = add_node(record, "node_1", make_entry("1", outputs=["a"]), {})
    return add_node(record, "node_2", make_entry("2", outputs=["b"]), {})


def run_chain(record, *, seed, raw="aaa", nodes=("split", "fit")):
    """Run raw_faces -> split -> table, then table -> fit -> model."""
    entries = {
        "split": make_entry(inputs=["raw_faces"], outputs=["table"], seed=seed),
        "fit": make_entry(inputs=["table"], outputs=["model"], C=1.0),
    }
    for name in nodes:
        hashes = {"raw_faces": raw} if name == "split" else {}
        record = add_node(record, name, entries[name], hashes)
    return record


def test_a_later_run_keeps_the_other_nodes():
    record = make_record()

    assert set(record["nodes"]) == {"node_1", "node_2"}
    assert set(record["runs"]) == {"1", "2"}


def test_a_run_without_nodes_is_dropped():
    record = add_runs(make_record(), {"3": make_run()})
    record = add_node(record, "node_1", make_entry("3", outputs=["a"]), {"raw": "aaa"})

    assert set(finish_run(record, "3")["runs"]) == {"1", "2", "3"}  # 1 is under way
    record = finish_run(finish_run(record, "1"), "3")

    assert record["nodes"]["node_1"]["run"] == "3"
    assert set(record["runs"]) == {"2", "3"}
    assert record["runs"]["3"]["data"] == {"raw": "aaa"}


def test_a_record_begun_anew_waits_for_the_next_run():
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


def test_a_node_made_again_from_the_same_is_the_same():
    runs = add_runs(EMPTY, {"1": make_run()})
    first = run_chain(runs, seed=666)
    again = run_chain(first, seed=666, nodes=("split",))
    other = run_chain(first, seed=1, nodes=("split",))
    swapped = run_chain(first, seed=666, raw="bbb", nodes=("split",))

    read = first["nodes"]["fit"]["inputs"]["table"]
    assert first["nodes"]["split"]["inputs"] == {"raw_faces": "aaa"}
    assert again["nodes"]["split"]["fingerprint"] == read
    assert other["nodes"]["split"]["fingerprint"] != read
    assert swapped["nodes"]["split"]["fingerprint"] != read
    assert other["nodes"]["fit"] == first["nodes"]["fit"]


def test_results_know_the_data_from_outside_that_they_depend_on():
    runs = add_runs(EMPTY, {"1": make_run()})
    first = run_chain(runs, seed=666)
    mixed = make_entry(inputs=["table", "model", "unknown"], outputs=["metrics"])

    swapped = run_chain(first, seed=666, raw="bbb", nodes=("split",))
    node = add_node(swapped, "score", mixed, {})["nodes"]["score"]

    assert first["nodes"]["fit"]["data"] == {"raw_faces": ["aaa"]}
    assert node["data"] == {"raw_faces": ["aaa", "bbb"]}
    assert node["inputs"]["unknown"] is None


def test_the_shape_is_checked():
    record = make_record()
    RunRecord.model_validate(record)
    RunRecord.model_validate(EMPTY)

    with pytest.raises(ValidationError, match="node_1 is of run 1, which is not there"):
        RunRecord.model_validate(record | {"runs": {"2": make_run()}})
    with pytest.raises(ValidationError, match="fingerprint"):
        RunRecord.model_validate(record | {"nodes": {"a": make_entry("1")}})
    with pytest.raises(ValidationError):
        RunRecord.model_validate([1, 2])


def test_times_compare_as_texts():
    first, second = read_clock("microseconds"), read_clock("microseconds")

    assert len(first) == len("2026-01-01 10:00:00.000001 UTC")
    assert first <= second

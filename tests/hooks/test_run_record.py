import mmap
import subprocess

import click
import pytest
from filelock import FileLock
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, DatasetError, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner, ThreadRunner
from pydantic import BaseModel

from lfw17_kedro.datasets import StoredDataset
from lfw17_kedro.hooks import record_file
from lfw17_kedro.hooks.lineage import LineageHooks
from lfw17_kedro.hooks.run_record import RunRecordHooks, describe_git, describe_run
from lfw17_kedro.parameter_types import RunSettings
from lfw17_kedro.reporting.compare import add_seconds
from lfw17_kedro.reporting.provenance import describe_provenance


class Svm(BaseModel):
    """Typed parameters of an invented method."""

    C: float = 1.0
    multi_class: str = "one_vs_rest"


def combine(*parts):
    return len(parts)


FIT_INPUTS = ["table@rows", "params:svm", "params:seed"]
PREPARE = Pipeline(
    [Node(combine, ["raw_faces", "params:seed"], "table@csv", name="split")],
    namespace="prepare",
    inputs={"raw_faces"},
    outputs={"table@csv"},
    parameters={"params:seed"},
)
METHOD = Pipeline(
    [
        Node(combine, FIT_INPUTS, "checked", name="validate", tags="validate"),
        Node(combine, FIT_INPUTS, "model", name="fit", tags=["z", "train"]),
        Node(combine, ["model"], "named", name="predict", tags="predict"),
        Node(combine, ["checked", "named"], "metrics", name="score"),
    ],
    namespace="a",
    inputs={"table@rows"},
    parameters={"params:seed"},
)


NODES = {node.name for node in (PREPARE + METHOD).nodes}


def divide_by_zero(*parts):
    return 1 / 0


@pytest.fixture
def run_small(tmp_path):
    """Run PREPARE + METHOD, or a part of it, as Kedro does; gives the record."""
    runs = iter(range(100))

    def store(name, **options):
        path = tmp_path / f"{name.partition('@')[0].rpartition('.')[2]}.json"
        return StoredDataset(dataset="json.JSONDataset", filepath=str(path), **options)

    names = ("table@csv", "table@rows", "a.checked", "a.model", "a.named", "a.metrics")
    catalog = DataCatalog({name: store(name) for name in names})
    catalog["run_record"] = store("run", optional=True)
    catalog["raw_faces"] = MemoryDataset(b"faces")

    def run(runner=None, seed=666, svm=None, method=METHOD, stale="refuse", **slices):
        svm, run_id = svm or Svm(), str(next(runs))
        behaviour = RunSettings(stale_inputs=stale, max_wait=0.0)
        parameters = {"seed": seed, "a": {"svm": svm}, "runs": behaviour}
        catalog["params:seed"] = MemoryDataset(seed)
        catalog["params:a.svm"] = MemoryDataset(svm)
        catalog["parameters"] = MemoryDataset(parameters)
        pipeline = (PREPARE + method).filter(**slices)
        runner = runner or SequentialRunner()
        runtime = {"seed": seed} if seed != 666 else {}
        if svm != Svm():
            runtime["a"] = {"svm": {"C": svm.C}}
        run_params = {
            "run_id": run_id,
            "project_path": str(tmp_path),
            "runtime_params": runtime,
            "pipeline_names": ["a"],
            "runner": str(runner),
        } | slices
        manager = _create_hook_manager()
        lineage = LineageHooks()
        manager.register(lineage)
        manager.register(RunRecordHooks(lineage))
        around = {"run_params": run_params, "pipeline": pipeline, "catalog": catalog}
        manager.hook.before_pipeline_run(**around)
        try:
            runner.run(pipeline, catalog, manager, run_id)
        except (ZeroDivisionError, DatasetError) as error:
            manager.hook.on_pipeline_error(error=error, **around)
        else:
            manager.hook.after_pipeline_run(run_result={}, **around)
        return catalog.load("run_record")

    return run


def test_a_record_that_stays_is_cleared_of_parts_of_killed_runs(run_small, tmp_path):
    run_small()
    path = tmp_path / "run.json"
    dead = f"{2**22 + 1}-0123abcd"  # of no process
    part = tmp_path / f"..run.json.record.{dead}.part.json"
    part.write_text("half")
    options = {"dataset": "json.JSONDataset", "filepath": str(path), "optional": True}

    record_file.update_record(
        DataCatalog({"run_record": StoredDataset(**options)}), path, lambda same: same
    )

    assert not part.exists()


@pytest.mark.parametrize("runner", [SequentialRunner(), ThreadRunner()])
def test_nodes_are_recorded_with_what_they_got(run_small, runner):
    record = run_small(runner)

    assert set(record["nodes"]) == NODES
    fit, split = record["nodes"]["a.fit"], record["nodes"]["prepare.split"]
    assert fit["tags"] == ["train", "z"]
    assert fit["parameters"] == {
        "a.svm": {"C": 1.0, "multi_class": "one_vs_rest"},
        "seed": 666,
    }
    assert fit["inputs"] == {"table": split["fingerprint"]}
    assert fit["outputs"] == ["a.model"]
    assert split["finished"] < fit["started"] < fit["finished"]
    assert record["nodes"]["a.predict"]["parameters"] == {}
    (digest,) = record["nodes"]["a.score"]["data"]["raw_faces"]
    (run,) = record["runs"].values()
    assert run["data"] == {"raw_faces": digest}
    assert run["parameters"]["a"]["svm"]["C"] == 1.0
    seconds = add_seconds("a", record)
    assert seconds["training"] == fit["seconds"]
    assert seconds["prediction"] == record["nodes"]["a.predict"]["seconds"]


def test_a_run_from_the_middle_with_other_settings_is_reported(run_small):
    run_small()

    record = run_small(svm=Svm(C=10.0), from_nodes=["a.fit"], stale="warn")

    assert record["runs"]["1"]["command"] == (
        "kedro run --pipelines a --from-nodes a.fit --params a.svm.C=10"
    )
    described = describe_provenance(["a"], record)["a"]
    assert described["warnings"] == [
        "`a.validate` ran with a.svm.C=1; `a.fit` ran with a.svm.C=10. "
        "Run `kedro run --pipelines a --params a.svm.C=10` so that all agree."
    ]
    assert described["parameters"]["a.svm.C"] == [1.0, 10.0]
    assert [(run["id"], run["nodes"]) for run in described["runs"]] == [
        ("0", ["prepare.split", "a.validate"]),
        ("1", ["a.fit", "a.predict", "a.score"]),
    ]

    whole = run_small(svm=Svm(C=10.0))

    assert describe_provenance(["a"], whole)["a"]["warnings"] == []


def test_another_seed_from_the_middle_is_reported(run_small):
    run_small()

    record = run_small(seed=1, from_nodes=["a.fit"], stale="warn")

    assert describe_provenance(["a"], record)["a"]["warnings"] == [
        "`prepare.split` and `a.validate` ran with seed=666; `a.fit` ran with seed=1. "
        "Run `kedro run --pipelines a --params seed=666` so that all agree."
    ]


def test_the_description_of_a_run_repeats_the_command_line(tmp_path):
    given = {"conf_source": "/my conf", "runner_params": {"max_workers": 2}}
    with click.Context(click.Command("run")) as context:
        context.params = given

        run = describe_run({"project_path": str(tmp_path), "env": "kaggle"}, {})

    assert run["conf_source"] == "/my conf"
    assert run["command"] == (
        "kedro run --env kaggle --conf-source '/my conf' --runner-params max_workers=2"
    )


def test_the_description_of_a_run_is_json(tmp_path):
    run = describe_run(
        {"project_path": str(tmp_path), "env": "", "runtime_params": {"f": tmp_path}},
        {"a": {"svm": Svm(C=2.0)}, "seed": 7},
    )

    assert run["parameters"] == {
        "a": {"svm": {"C": 2.0, "multi_class": "one_vs_rest"}},
        "seed": 7,
    }
    assert run["runtime_parameters"] == {"f": str(tmp_path)}
    assert run["env"] is run["conf_source"] is None
    assert run["started"].endswith(" UTC")


@pytest.mark.parametrize(
    "text",
    [
        '{"nodes": ',
        "[1, 2]",
        '{"nodes": {}}',
        '{"nodes": {"a.fit": {"run": "1"}}, "runs": {}}',
        '{"nodes": [], "runs": 3}',
    ],
)
def test_a_damaged_record_is_replaced_by_its_copy(run_small, tmp_path, caplog, text):
    run_small()
    (tmp_path / "run.json").write_text(text)

    record = run_small(from_nodes=["a.score"])

    assert set(record["nodes"]) == NODES
    assert {node["run"] for node in record["nodes"].values()} == {"0", "1"}
    assert (tmp_path / ".run.copy.json").is_file()
    (warning,) = [r for r in caplog.records if r.name.startswith("lfw17_kedro.hooks.r")]
    assert "replaced by .run.copy.json, the copy of the last run" in warning.message


def test_a_record_without_a_copy_is_started_afresh(run_small, tmp_path, caplog):
    (tmp_path / "run.json").write_text("{}")

    record = run_small()

    assert set(record["nodes"]) == NODES
    (warning,) = [r for r in caplog.records if r.name.startswith("lfw17_kedro.hooks.r")]
    assert "started afresh, so the report does not show earlier runs" in warning.message


def test_a_damaged_record_is_replaced_before_the_first_node_reads_it(
    run_small, tmp_path
):
    run_small()
    (tmp_path / "run.json").write_text("{}")
    seen = []
    reader = Node(
        lambda record, *rest: seen.append(record),
        ["run_record"],
        None,
        name="read_the_record",
    )

    run_small(method=Pipeline([reader]), node_names=["read_the_record"])

    assert set(seen[0]["nodes"]) == NODES


def test_a_damaged_record_never_replaces_the_copy(run_small, tmp_path, monkeypatch):
    monkeypatch.setattr(record_file, "LOCK_SECONDS", 0.2)
    run_small()
    before = (tmp_path / ".run.copy.json").read_bytes()
    (tmp_path / "run.json").write_text("{}")

    with FileLock(tmp_path / ".run.json.lock"):
        run_small()

    assert (tmp_path / ".run.copy.json").read_bytes() == before


def test_a_locked_record_does_not_stop_the_run(
    run_small, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(record_file, "LOCK_SECONDS", 0.2)
    before = run_small()

    with FileLock(tmp_path / ".run.json.lock"):
        after = run_small(svm=Svm(C=10.0))

    assert after == before
    (warning,) = [r for r in caplog.records if r.name.startswith("lfw17_kedro.hooks.r")]
    assert "this run continues without recording" in warning.message


@pytest.mark.parametrize("runner", [SequentialRunner(), ThreadRunner()])
def test_what_was_not_saved_is_not_recorded(run_small, runner):
    before = run_small()
    unsaved = [
        Node(lambda *parts: [object()], n.inputs, n.outputs, name="fit", namespace="a")
        if n.name == "a.fit"
        else n
        for n in METHOD.nodes
    ]

    after = run_small(runner, seed=1, method=Pipeline(unsaved))

    assert after["nodes"]["prepare.split"] != before["nodes"]["prepare.split"]
    assert after["nodes"]["a.fit"] == before["nodes"]["a.fit"]


def test_a_node_of_which_a_part_was_saved_is_recorded(run_small):
    outputs = ["checked", "model"]
    halves = Pipeline(
        [Node(lambda *parts: [1, object()], FIT_INPUTS, outputs, name="fit")],
        namespace="a",
        inputs={"table@rows"},
        parameters={"params:seed"},
    )

    record = run_small(seed=1, method=halves)

    assert record["nodes"]["a.fit"]["outputs"] == ["a.checked", "a.model"]


def test_a_run_that_fails_is_closed_and_later_dropped(run_small):
    broken = [
        Node(divide_by_zero, n.inputs, n.outputs, name="predict", namespace="a")
        if n.name == "a.predict"
        else n
        for n in METHOD.nodes
    ]

    failed = run_small(method=Pipeline(broken))

    assert failed["runs"]["0"]["finished"] is not None
    assert set(failed["nodes"]) == NODES - {"a.predict", "a.score"}
    assert set(run_small()["runs"]) == {"1"}


def test_a_failed_run_keeps_its_own_error_when_its_record_cannot_be_closed(
    run_small, monkeypatch, caplog
):
    def find_no_room(record, run_id):
        raise DatasetError("run.json: the disk is full")

    monkeypatch.setattr("lfw17_kedro.hooks.run_record.finish_run", find_no_room)
    broken = [
        Node(divide_by_zero, n.inputs, n.outputs, name="predict", namespace="a")
        if n.name == "a.predict"
        else n
        for n in METHOD.nodes
    ]

    failed = run_small(method=Pipeline(broken))

    assert "the disk is full" in caplog.text
    assert failed["runs"]["0"]["finished"] is None


def test_a_good_run_whose_record_cannot_be_closed_ends_well(
    run_small, monkeypatch, caplog
):
    def find_no_room(*record):
        raise OSError("the disk is full")

    monkeypatch.setattr("lfw17_kedro.hooks.run_record.copy_record", find_no_room)

    assert run_small()["runs"]["0"]["finished"]
    assert "the disk is full" in caplog.text


def test_a_record_that_cannot_be_locked_is_named_before_anything_runs(
    run_small, tmp_path
):
    (tmp_path / ".run.json.lock").mkdir()

    with pytest.raises(click.ClickException, match="expected to lock the run record"):
        run_small()

    assert not (tmp_path / "model.json").exists()
    assert not (tmp_path / ".run.holder.json").exists()  # other runs may begin


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

    (run,) = record["runs"].values()
    assert run["command"] == "kedro run --pipelines data_processing"
    assert run["finished"] is not None
    assert run["parameters"]["seed"] == 666
    assert len(run["data"]["raw_faces"]) == 64
    assert run["versions"]["kedro"]
    assert all(node["seconds"] >= 0 for node in record["nodes"].values())

    again = run_project("data_processing", seed=7).load("run_record")

    assert len(again["runs"]) == 1
    (run,) = again["runs"].values()
    assert run["parameters"]["seed"] == 7
    assert run["runtime_parameters"] == {"seed": 7}


def test_peak_memory_is_each_nodes_own():
    from lfw17_kedro.hooks.run_record import _read_peak_memory, _reset_peak_memory

    if _read_peak_memory() is None:
        pytest.skip("only Linux tells the peak memory of a process")
    _reset_peak_memory()
    before = _read_peak_memory()
    # Not bytearray: malloc may give it memory that this process freed earlier.
    block = mmap.mmap(-1, 200 * 2**20)
    block.write(bytes(200 * 2**20))
    during = _read_peak_memory()
    block.close()
    _reset_peak_memory()

    assert during > before + 150
    assert _read_peak_memory() < during - 150

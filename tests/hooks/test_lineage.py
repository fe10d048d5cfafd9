import logging
import shlex
import subprocess
import sys
import threading

import numpy as np
import pytest
import yaml
from click import ClickException
from kedro.framework.cli.project import run as kedro_run
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import ParallelRunner, SequentialRunner, ThreadRunner
from kedro_sessions import open_session, register_project

from lfw17_kedro.datasets import StoredDataset
from lfw17_kedro.files.run_lock import RunLock
from lfw17_kedro.gallery_types import Gallery, OpenSetThreshold
from lfw17_kedro.hooks.lineage import LineageHooks
from lfw17_kedro.hooks.node_calls import read_origin
from lfw17_kedro.lineage import code_version
from lfw17_kedro.lineage.code_version import hash_code
from lfw17_kedro.lineage.origin import mark_incomplete
from lfw17_kedro.parameter_types import RunSettings

NODES = "data_processing"


@pytest.fixture
def prepared(few_faces, save_faces, run_project, project):
    """Run data_processing on three people; gives the folder of the project."""
    save_faces(few_faces)
    run_project("data_processing")
    return project


def run(project, only_missing=False, **options):
    """Run a part of data_processing; gives the nodes that ran."""
    runtime = options.pop("params", {})
    with open_session(project, parameters=runtime) as session:
        session.run(
            pipeline_names=["data_processing"],
            runner=SequentialRunner(),
            only_missing_outputs=only_missing,
            **options,
        )


def read_all(project):
    """Read every artifact, without the records beside them and those of the runs."""
    return {
        path.relative_to(project): path.read_bytes()
        for path in (project / "data").rglob("*")
        if path.is_file() and path.name[0] != "." and path.name != "run.json"
    }


def list_run(caplog):
    """List the nodes of data_processing that were logged as done."""
    return [
        word.removeprefix(f"{NODES}.")
        for message in caplog.messages
        for word in message.split()
        if word.startswith(f"{NODES}.") and message.endswith(" s")
    ]


def test_a_run_from_the_middle_takes_what_fits(prepared):
    before = read_all(prepared)

    run(prepared, from_nodes=[f"{NODES}.augment_train_images"])

    assert read_all(prepared) == before


def test_other_settings_are_refused_and_named(prepared):
    before = read_all(prepared)

    with pytest.raises(ClickException) as error:
        run(prepared, params={"seed": 1}, node_names=[f"{NODES}.augment_train_images"])

    assert error.value.message == (
        "data_processing.original_folds: made with seed=666, this run has 1; run "
        "`kedro run --pipelines data_processing --params seed=1 "
        "--only-missing-outputs` to make what is missing or stale again, or use it as "
        "it is with `--params runs.stale_inputs=warn`."
    )
    assert read_all(prepared) == before


def test_advice_names_the_folder_of_settings_of_the_command_line(prepared):
    options = ["--conf-source", str(prepared / "conf"), "--params", "seed=1"]
    options += ["--nodes", f"{NODES}.augment_train_images"]
    register_project()

    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(ClickException) as error,
    ):
        patch.chdir(prepared)
        kedro_run.main(options, standalone_mode=False)

    folder = shlex.quote(str((prepared / "conf").resolve()))
    assert (
        f"run `kedro run --conf-source {folder} --params seed=1 "
        "--only-missing-outputs` to make"
    ) in error.value.message


def test_other_raw_faces_are_refused(prepared, few_faces, save_faces):
    save_faces(few_faces, X_test=few_faces.test_images[::-1])

    with pytest.raises(ClickException, match="raw_faces has other content than before"):
        run(prepared, node_names=[f"{NODES}.make_test_photos"])


def test_a_user_may_take_stale_inputs(prepared, caplog):
    params = {"seed": 1, "runs": {"stale_inputs": "warn"}}

    run(prepared, params=params, node_names=[f"{NODES}.augment_train_images"])

    assert any("made with seed=666, this run has 1" in m for m in caplog.messages)


def test_raw_faces_that_are_gone_are_taken_from_the_records(prepared, caplog):
    (prepared / "data/01_raw/X_train.npy").unlink()

    run(prepared, node_names=[f"{NODES}.make_test_photos"])

    assert any(
        "raw_faces cannot be read, so it is not known" in m for m in caplog.messages
    )


def test_a_wrong_option_of_a_dataset_is_one_line(project):
    faces = {"type": "lfw17_kedro.datasets.FaceSourceDataset", "source": "npy"}
    catalog = project / "conf" / "local" / "catalog.yml"
    catalog.write_text(yaml.safe_dump({"raw_faces": faces | {"filepath": None}}))

    with pytest.raises(ClickException) as error:
        run(project)

    assert error.value.message == (
        "filepath: expected text for the source npy, got None. Failed to instantiate "
        "dataset 'raw_faces' of type "
        "'lfw17_kedro.datasets.face_source_dataset.FaceSourceDataset'."
    )


def test_damaged_inputs_are_refused_before_anything_runs(prepared):
    (prepared / "data/02_intermediate/orl/original_folds.npy").write_bytes(b"")

    with pytest.raises(
        ClickException, match="original_folds.npy: expected a whole art"
    ):
        run(prepared, from_nodes=[f"{NODES}.augment_train_images"])


def test_only_missing_runs_nothing_where_all_is_there(prepared, caplog):
    caplog.set_level(logging.INFO)
    before = read_all(prepared)

    run(prepared, only_missing=True)

    assert list_run(caplog) == []
    assert read_all(prepared) == before


def test_only_missing_makes_what_is_missing_damaged_or_stale(prepared, caplog):
    caplog.set_level(logging.INFO)
    before = read_all(prepared)
    layer = prepared / "data/03_primary/orl"
    (layer / "test_table.csv").unlink()
    photo = next((layer / "train_photos").rglob("*.jpg"))
    photo.write_bytes(photo.read_bytes()[:-10])

    run(prepared, only_missing=True)

    assert sorted(list_run(caplog)) == ["list_test_images", "make_train_photos"]
    assert read_all(prepared) == before

    caplog.clear()
    run(prepared, only_missing=True, params={"seed": 1})

    assert sorted(list_run(caplog)) == [
        "align_test_photos",
        "align_train_photos",
        "augment_train_images",
        "make_train_photos",
        "split_originals",
    ]
    mixed = read_all(prepared)
    run(prepared, params={"seed": 1})
    assert read_all(prepared) == mixed


def test_a_second_run_ends_at_once_and_leaves_all_as_it_is(prepared):
    before = read_all(prepared)
    lock = RunLock(prepared / "data/08_reporting/orl")
    lock.acquire("kedro run", 0)

    with pytest.raises(ClickException, match="is using the data of this source"):
        run(prepared)
    lock.release()

    assert read_all(prepared) == before
    run(prepared)


def test_a_refused_run_gives_the_lock_back(prepared):
    with pytest.raises(ClickException):
        run(prepared, params={"seed": 1}, node_names=[f"{NODES}.augment_train_images"])

    run(prepared)


def test_a_command_ends_with_the_sentence_alone(prepared):
    (prepared / "data/02_intermediate/orl/original_folds.npy").write_bytes(b"")

    command = [sys.executable, "-m", "kedro", "run", "--pipelines", NODES]
    done = subprocess.run(
        [*command, "--from-nodes", f"{NODES}.augment_train_images"],
        cwd=prepared,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("\n") == 1


def test_raw_faces_are_hashed_once_a_run(monkeypatch):
    from lfw17_kedro.hooks import lineage

    hashed = []
    monkeypatch.setattr(
        lineage, "hash_outside", lambda data: hashed.append(data) or "h"
    )
    hooks = LineageHooks()

    for _ in range(3):
        hooks.after_dataset_loaded("raw_faces", b"faces")
    hooks.after_dataset_loaded("table", [1])

    assert hashed == [b"faces"]
    assert hooks.hashes == {"raw_faces": "h"}


def begin(hooks, catalog, **run_params):
    """Begin a run of nothing; gives the message of one that is refused."""
    try:
        hooks.before_pipeline_run(run_params, Pipeline([]), catalog)
    except ClickException as error:
        return error.message
    return None


@pytest.fixture
def small_catalog(tmp_path):
    record = StoredDataset(
        dataset="json.JSONDataset", filepath=f"{tmp_path}/run.json", optional=True
    )
    behaviour = RunSettings(stale_inputs="refuse", max_wait=0.0)
    parameters = MemoryDataset({"runs": behaviour})
    return DataCatalog({"run_record": record, "parameters": parameters})


def test_two_threads_of_a_process_never_run_at_once(small_catalog):
    hooks = LineageHooks()
    assert begin(hooks, small_catalog) is None
    messages = []
    second = threading.Thread(
        target=lambda: messages.append(begin(hooks, small_catalog))
    )

    second.start()
    second.join()

    assert "expected one run at a time in a process, got a second one" in messages[0]
    assert "the thread MainThread runs the first; wait until it ends" in messages[0]
    hooks.after_pipeline_run()


def test_several_processes_are_refused(small_catalog):
    runner = str(ParallelRunner())  # as Kedro's session writes it

    message = begin(LineageHooks(), small_catalog, runner=runner)

    assert "expected a run in one process, got ParallelRunner; use" in message
    assert begin(LineageHooks(), small_catalog, runner=str(ThreadRunner())) is None


@pytest.mark.parametrize(
    ("options", "waits"),
    [
        ({"runner": str(SequentialRunner())}, False),
        ({"runner": str(ThreadRunner())}, True),
        ({"runner_params": {"is_async": True}}, True),
    ],
)
def test_after_ctrl_c_other_runs_wait_for_threads(small_catalog, options, waits):
    hooks = LineageHooks()
    assert begin(hooks, small_catalog, **options) is None

    hooks.release_interrupted()

    message = begin(LineageHooks(), small_catalog)
    assert (message is not None) == waits
    hooks.release()


def test_a_run_after_an_interrupted_one_takes_over_its_lock(small_catalog):
    hooks = LineageHooks()
    dead = threading.Thread(target=begin, args=(hooks, small_catalog))
    dead.start()
    dead.join()  # without an end of the run, as after Ctrl-C

    assert begin(hooks, small_catalog) is None
    assert begin(hooks, small_catalog) is None  # as in a notebook: the same thread
    hooks.after_pipeline_run()
    assert begin(LineageHooks(), small_catalog) is None


def test_sources_edited_during_a_run_are_not_its_code(
    small_catalog, tmp_path, monkeypatch
):
    def change(x):
        return x

    monkeypatch.setattr(code_version, "ROOT", tmp_path)
    monkeypatch.setattr(change, "__module__", "lfw17_kedro.edited_in_this_test")
    source = tmp_path / "edited_in_this_test.py"
    source.write_text("def change(x): return x")
    node, hooks = Node(change, "a", "b"), LineageHooks()
    small_catalog["a"] = MemoryDataset(1)

    hooks.before_pipeline_run({}, Pipeline([node]), small_catalog)
    source.write_text("def change(x): return 2 * x")
    made = hooks.trace(node, small_catalog, {})

    hooks.after_pipeline_run()
    source.write_text("def change(x): return x")
    code_version._read_module.cache_clear()
    code_version._hash_modules.cache_clear()
    assert made.code == hash_code(change)


@pytest.mark.parametrize("waits", [False, True])
def test_a_gallery_that_waits_for_a_photo_counts_as_stale(
    small_catalog, tmp_path, waits
):
    def enrol(x):
        return x

    none = np.empty((0, 2), np.float32)
    threshold = OpenSetThreshold(0.5, 0.01, 0.1, *[np.empty(0)] * 3)
    gallery = Gallery((), None, none, none, threshold, "f", is_incomplete=waits)
    table = StoredDataset(dataset="json.JSONDataset", filepath=f"{tmp_path}/b.json")
    small_catalog["a"], small_catalog["b"] = MemoryDataset(1), table
    node, hooks = Node(enrol, "a", ["gallery", "b"]), LineageHooks()

    hooks.before_pipeline_run({}, Pipeline([node]), small_catalog)
    hooks.after_node_run(node, small_catalog, {"a": 1}, {"gallery": gallery, "b": 2})
    table.save(2)
    hooks.after_pipeline_run()

    expected = hooks.trace(node, small_catalog, {"a": 1})
    made = read_origin(table)
    assert made == (mark_incomplete(expected) if waits else expected)


def test_a_report_of_some_methods_makes_what_is_missing(leave_results, project):
    leave_results("facenet_svm")  # the other methods were not run
    parameters = {"reporting": {"map": {"projection": "pca"}}}
    with open_session(project, parameters=parameters) as session:
        session.run(
            pipeline_names=["reporting"],
            runner=SequentialRunner(),
            only_missing_outputs=True,
        )

    assert (project / "data/08_reporting/orl/report.html").is_file()

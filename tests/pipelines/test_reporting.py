import json
import subprocess
import sys

import pandas as pd
import pytest
from click import ClickException
from invented_results import invent_results, plot_everything

from lfw17_kedro.lineage.run_record import start_record
from lfw17_kedro.pipelines.reporting import create_pipeline
from lfw17_kedro.pipelines.reporting.nodes import (
    collect_predictions,
    explain_missing,
    find_methods,
)

CARD = {"name": "<script>alert(1)</script>", "credit": "Nobody."}


def test_report_compares_the_outputs_of_the_methods(leave_results, run_project, capsys):
    left = leave_results("scratch_cnn", "facenet_svm")

    catalog = run_project("reporting")

    comparison = catalog.load("reporting.comparison").set_index(["method", "split"])
    for method in ("scratch_cnn", "facenet_svm"):
        metrics = left.load(f"{method}.metrics")
        for split in ("validation", "test"):
            for score in ("correct", "accuracy", "macro_f1", "weighted_f1", "log_loss"):
                assert comparison.loc[(method, split), score] == pytest.approx(
                    metrics[split][score], rel=1e-12
                )
            low, high = metrics[split]["accuracy_95"]
            assert comparison.loc[(method, split), "accuracy_low"] == pytest.approx(low)
            assert comparison.loc[(method, split), "accuracy_high"] == pytest.approx(
                high
            )
    assert len(catalog.load("reporting.paired_tests")) == 2
    page = catalog.load("reporting.report")
    assert page.count("<!DOCTYPE html>") == 1
    left_out = catalog.load("reporting.left_out")
    assert left_out.keys() == {"transfer_learning", "ensemble"}
    shown = capsys.readouterr().out
    assert "report.html" in shown
    assert "scratch_cnn" in shown


def test_a_method_that_was_not_run_is_named(leave_results, run_project, capsys):
    leave_results("facenet_svm")

    catalog = run_project("reporting")

    left_out = catalog.load("reporting.left_out")
    assert left_out["scratch_cnn"].startswith(
        "it was not run; run `kedro run --pipelines scratch_cnn`."
    )
    assert set(catalog.load("reporting.comparison")["method"]) == {"facenet_svm"}
    assert "<strong>scratch_cnn</strong> is not in" in catalog.load("reporting.report")
    assert "scratch_cnn is left out: it was not run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ({}, "it was not run"),
        ({"net.fit": ["net.weights"]}, "its run did not come to its end"),
        (
            {"net.fit": ["net.weights"], "net.score": ["net.metrics"]},
            "it was run, but its metrics are missing or damaged",
        ),
    ],
)
def test_missing_metrics_are_explained_by_what_is_recorded(nodes, reason):
    others = {"net_2.fit": ["net_2.weights"], "net_2.score": ["net_2.metrics"]}
    recorded = {
        name: {"outputs": outputs} for name, outputs in (nodes | others).items()
    }

    assert explain_missing("net", {"nodes": recorded}) == reason
    assert explain_missing("net", start_record()) == "it was not run"


def test_results_of_another_split_are_left_out(leave_results, run_project):
    leave_results("scratch_cnn")
    first = run_project("data_processing").load("scratch_cnn.metrics")
    run_project("data_processing", seed=1)

    with pytest.raises(
        ClickException, match="present data, got none: scratch_cnn: its"
    ):
        run_project("reporting")
    assert first["test"]["images"] == 9


def test_unknown_test_labels_leave_validation_scores(leave_results, run_project):
    leave_results("scratch_cnn", "facenet_svm", y_test=None)

    catalog = run_project("reporting")

    assert set(catalog.load("reporting.comparison")["split"]) == {"validation"}
    faces = catalog.load("reporting.examples")
    shown = {(face["split"], face["kind"]) for face in faces}
    assert shown == {("validation", "incorrect"), ("test", "least certain")}
    assert "test labels" not in catalog.load("reporting.data_card")["hashes"]
    assert "The test labels are not known" in catalog.load("reporting.report")


def test_nothing_run_at_all_says_what_to_run(run_project):
    with pytest.raises(ClickException) as error:
        run_project("reporting")

    assert error.value.message == (
        "class_names, source_card, test_images and 3 more: expected artifacts of an "
        "earlier run, found none; run `kedro run --only-missing-outputs` to make them."
    )


def test_no_method_run_says_what_to_run(leave_results, run_project):
    leave_results()

    with pytest.raises(ClickException, match="found none; run `kedro run` for all"):
        run_project("reporting")


def test_damaged_data_are_found_before_anything_runs(
    leave_results, run_project, tmp_path, caplog
):
    leave_results("facenet_svm")
    table = tmp_path / "data/03_primary/orl/test_table.csv"
    table.write_bytes(table.read_bytes()[:100])
    caplog.clear()

    with pytest.raises(ClickException, match="test_table.csv: expected a whole art"):
        run_project("reporting")

    assert caplog.messages == []


def test_report_alone_does_not_import_tensorflow(leave_results, project):
    leave_results("scratch_cnn", "facenet_svm")
    script = (
        "import sys; from kedro.framework.cli import main\n"
        "sys.argv[1:] = ['run', '--pipelines', 'reporting']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )

    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert (project / "data/08_reporting/orl/report.html").exists()


def test_names_cannot_break_the_page(leave_results, run_project):
    leave_results("facenet_svm").save("source_card", CARD)

    page = run_project("reporting").load("reporting.report")

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_report_knows_no_method_by_name():
    methods = ["hog", *(f"m{index}" for index in range(8))]

    page, figures = plot_everything(invent_results(["Ann", "Bob"], methods))

    assert page.count('<p class="method">') == 9
    assert [bar.name for bar in figures["classes"].data] == methods
    assert len(figures["learning"].data) == 9 * 2 * 4  # methods, networks, curves
    assert "hog: " in figures["map"].layout.meta["description"]


def test_wiring_takes_any_methods():
    outputs = {
        "hog": {"hog.metrics", "hog.train_features", "hog.test_features"},
        "net": {"net.metrics", "net.validation_history", "net.train_features"},
    }

    pipeline = create_pipeline(outputs, {"hog"})

    inputs = pipeline.inputs()
    assert {"hog.train_features", "hog.test_features", "hog.metrics"} <= inputs
    assert {"net.validation_history", "net.test_probabilities"} <= inputs
    assert "net.train_features" not in inputs
    assert {tag for node in pipeline.nodes for tag in node.tags} == {
        "report",
        "compares_runs",
    }


def test_wiring_is_imported_without_plotly_and_scikit_learn():
    script = (
        "import sys, lfw17_kedro.pipelines.reporting as one\n"
        "one.create_pipeline({'net': {'net.metrics'}}, set())\n"
        "heavy = {'plotly', 'sklearn', 'scipy', 'jinja2', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )

    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr


def test_find_methods_says_which_ran():
    assert find_methods(**{"a.metrics": {}, "b.metrics": None}) == {
        "a": True,
        "b": False,
    }
    with pytest.raises(
        ValueError, match=r"one of \['a', 'b'\], found none.*lines a` for one"
    ):
        find_methods(**{"a.metrics": None, "b.metrics": None})


def test_a_half_finished_method_is_left_out():
    table = pd.DataFrame({"id": ["x"], "label": [0], "copy": [0], "fold": [0]})
    results = {
        "a.metrics": {},
        "a.validation_probabilities": None,
        "a.test_probabilities": None,
    }

    with pytest.raises(ValueError, match="a: it has no validation_probabilities, tes"):
        collect_predictions({"a": True}, table, table, ["Ann"], None, **results)


def test_figures_name_their_axes(leave_results, run_project, project):
    leave_results("scratch_cnn", "facenet_svm")
    run_project("reporting")

    for name in ("confusion", "classes", "reliability", "balance"):
        file = project / f"data/08_reporting/orl/figures/{name}.json"
        layout = json.loads(file.read_text())["layout"]
        axes = [axis for key, axis in layout.items() if key[1:5] == "axis"]
        assert len(axes) >= 2
        assert all(axis["title"]["text"] for axis in axes), name

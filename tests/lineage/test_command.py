import shlex
from pathlib import Path

import pytest
from kedro.framework.cli.project import run as kedro_run
from kedro.runner import SequentialRunner, ThreadRunner

from lfw17_kedro.lineage.command import flatten, write_command


@pytest.fixture
def read_command(monkeypatch):
    """Read a command as `kedro run` reads it; each folder of settings counts as one."""
    monkeypatch.setattr(Path, "exists", lambda _: True)

    def read(command):
        words = shlex.split(command)
        assert words[:2] == ["kedro", "run"]
        return kedro_run.make_context("run", words[2:]).params

    return read


def test_a_plain_run_needs_no_option():
    nothing = dict.fromkeys(("env", "tags", "from_nodes", "runtime_params"))

    assert write_command({}) == "kedro run"
    assert write_command(nothing | {"runner": str(SequentialRunner())}) == "kedro run"


def test_every_choice_stands_in_the_command(read_command):
    command = write_command(
        {
            "pipeline_names": ["b", "a"],
            "tags": ("train",),
            "node_names": ("a.fit", "a.score"),
            "from_nodes": ["a.fit"],
            "to_nodes": ["a.score"],
            "from_inputs": ["table"],
            "to_outputs": ["a.metrics"],
            "namespaces": ["a"],
            "load_versions": {"a.model": "2026-01-02T03.04.05.678Z"},
            "env": "kaggle",
            "conf_source": "/my conf",
            "runtime_params": {"seed": 1, "a": {"svm": {"C": 10.0}}},
            "runner": str(ThreadRunner()),
            "runner_params": {"max_workers": 2},
            "is_async": True,
            "only_missing_outputs": True,
        }
    )

    assert command == (
        "kedro run --pipelines a,b --tags train --nodes a.fit,a.score "
        "--from-nodes a.fit --to-nodes a.score --from-inputs table "
        "--to-outputs a.metrics --namespaces a "
        "--load-versions a.model:2026-01-02T03.04.05.678Z --env kaggle "
        "--conf-source '/my conf' --params seed=1,a.svm.C=10 --runner ThreadRunner "
        "--runner-params max_workers=2,is_async=true --only-missing-outputs"
    )
    read = read_command(command)
    assert sorted(read["pipelines"]) == ["a", "b"]
    assert read["node_names"] == ["a.fit", "a.score"]
    assert read["params"] == {"seed": 1, "a": {"svm": {"C": 10}}}
    assert read["conf_source"] == str(Path("/my conf").resolve())
    assert read["runner"] == "ThreadRunner"
    assert read["runner_params"] == {"max_workers": 2, "is_async": True}
    assert read["only_missing_outputs"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        0.25,
        1e-05,
        "data/my faces; rm *",
        "it's",
        "1",
        "null",
        "",
        "holdout",
    ],
)
def test_kedro_reads_the_same_value_back(read_command, value):
    command = write_command({"runtime_params": {"a": {"b": value}}})

    assert read_command(command)["params"] == {"a": {"b": value}}


def test_nested_parameters_are_named_by_their_path():
    nested = {"a": {"b": {"c": 1}, "d": None}, "e": [1, 2], "f": {}}

    assert flatten(nested) == {"a.b.c": 1, "a.d": None, "e": [1, 2], "f": {}}

import re
import subprocess
import sys

import kedro.runner
import pytest
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import KedroCliError
from kedro.pipeline import Node, Pipeline

from lfw17_kedro.uncaught import RUNNERS, describe_uncaught, show_kedro_errors

PIPELINE = Pipeline([Node(len, "a", "b", name="count", namespace="svm")])


@pytest.mark.parametrize(
    "names",
    [
        {"node_names": ["svm.cuont"]},
        {"from_nodes": ["count"]},
        {"to_outputs": ["c"]},
        {"tags": ["train"]},
        {"node_namespaces": ["cnn"]},
    ],
)
def test_a_name_that_kedro_does_not_know_is_one_line(names):
    with pytest.raises(ValueError) as error:
        PIPELINE.filter(**names)

    line = describe_uncaught(error.value)

    assert line.startswith(f"Error: {' '.join(str(error.value).split())}")
    assert re.search(r"[.?] `kedro registry list` lists", line)
    assert "\n" not in line


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--runner", "NoRunner"], "module 'kedro.runner' has no attribute 'NoRunner'"),
        (["--runner", "my.Runner"], "No module named 'my'"),
        (["--runner", ".Runner"], "Empty module name"),
    ],
)
def test_a_runner_that_is_not_there_is_one_line(options, problem):
    with pytest.raises((AttributeError, ImportError, ValueError)) as error:
        kedro_run.main(options, standalone_mode=False)

    assert describe_uncaught(error.value) == (
        "Error: --runner: expected SequentialRunner, ThreadRunner or "
        f"the import path of a class, got: {problem}."
    )
    assert set(RUNNERS) <= set(kedro.runner.__all__)


def test_an_option_that_a_runner_does_not_take_is_one_line():
    with pytest.raises(TypeError) as error:
        kedro_run.main(["--runner-params", "workers=2"], standalone_mode=False)

    assert describe_uncaught(error.value) == (
        "Error: --runner, --runner-params: expected a runner and options that it "
        "takes, got: SequentialRunner.__init__() got an unexpected keyword argument "
        "'workers'; correct them, or leave them out."
    )


def test_mistakes_in_the_module_of_a_runner_keep_their_traceback(tmp_path, monkeypatch):
    (tmp_path / "broken_runner.py").write_text("import json\njson.nothing\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(AttributeError) as error:
        kedro_run.main(["--runner", "broken_runner.Runner"], standalone_mode=False)

    assert describe_uncaught(error.value) is None


def test_other_errors_keep_their_traceback():
    def fail():
        raise ValueError("a mistake in the code")

    with pytest.raises(ValueError) as error:
        fail()

    assert describe_uncaught(error.value) is None
    assert describe_uncaught(ValueError("raised nowhere")) is None
    assert describe_uncaught(RuntimeError("of Kedro")) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--load-versions", "foo"], "of 'load_versions' to be .*found foo instead\\."),
        (["--pipeline", "a", "--pipelines", "b"], "cannot be used together\\."),
    ],
)
def test_kedros_own_errors_keep_their_message(options, message, capsys):
    show = KedroCliError.show
    try:
        show_kedro_errors()
        with pytest.raises(SystemExit):
            kedro_run.main(options)
    finally:
        KedroCliError.show = show

    assert re.fullmatch(f"Error: .*{message}\n", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("raised", "shown", "code"),
    [
        ("KeyboardInterrupt", "Stopped before the run began.\n", -2),
        ("ValueError('mine')", "Traceback (most recent call last):\n", 1),
    ],
)
def test_ctrl_c_before_the_first_node_is_one_line(raised, shown, code):
    script = f"import lfw17_kedro.settings\nraise {raised}"

    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert run.returncode == code
    assert run.stderr.startswith(shown)
    assert run.stderr == shown or "ValueError: mine" in run.stderr

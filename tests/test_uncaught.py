import subprocess
import sys

import pytest
from kedro.pipeline import Node, Pipeline

from lfw17_kedro.uncaught import describe_uncaught

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

    assert line.startswith(f"Error: {' '.join(str(error.value).split())} `kedro reg")
    assert "\n" not in line


def test_other_errors_keep_their_traceback():
    def fail():
        raise ValueError("a mistake in the code")

    with pytest.raises(ValueError) as error:
        fail()

    assert describe_uncaught(error.value) is None
    assert describe_uncaught(ValueError("raised nowhere")) is None
    assert describe_uncaught(RuntimeError("of Kedro")) is None


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

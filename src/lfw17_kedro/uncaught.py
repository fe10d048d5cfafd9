"""One line instead of a traceback for what ends Kedro before or beside a run."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import click
import kedro
from kedro.framework.cli.utils import KedroCliError

from lfw17_kedro.messages import one_line

KEDRO = Path(kedro.__file__).parent
# Where Kedro refuses names of pipelines, nodes, tags, datasets and namespaces.
REFUSES_NAMES = (KEDRO / "framework/session/session.py", KEDRO / "pipeline/pipeline.py")
# Where `kedro run` makes the runner.
RUN = (KEDRO / "framework/cli/project.py", "run")
FIND_RUNNER = (KEDRO / "utils.py", "load_obj")
RUNNERS = ("SequentialRunner", "ThreadRunner")  # of Kedro, those that a run may use
INTERRUPTED = "Stopped before the run began."


def shorten_uncaught_errors() -> None:
    """Replace Python's traceback of Ctrl-C, and of names that Kedro does not know.

    Kedro loads a project outside the code that handles Ctrl-C, and lets nothing catch
    the errors of a mistyped `--pipelines`, `--nodes` or `--runner`. Any other error
    keeps its traceback.
    """
    show = sys.excepthook

    def show_shortly(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        line = describe_uncaught(error)
        if line is None:
            show(kind, error, trace)
        else:
            sys.stderr.write(f"{line}\n")

    sys.excepthook = show_shortly


def show_kedro_errors() -> None:
    """Let an error of Kedro's commands end with its message.

    Kedro 1.7 prints the error that Python is handling instead. With click 8.4 that is
    none, `NoneType: None`.
    """

    def show(error: KedroCliError, file: IO[Any] | None = None) -> None:
        if error.VERBOSE_ERROR:
            traceback.print_exception(error, file=file)
        else:
            text = f"Error: {_end_sentence(error.message)}"
            click.echo(text, file=file, err=True)

    KedroCliError.show = show  # type: ignore[assignment] # Kedro has no hook for it


def describe_uncaught(error: BaseException) -> str | None:
    """Say in one line what ended the command; None where that takes a traceback."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    frames = traceback.extract_tb(error.__traceback__)
    places = [(Path(frame.filename), frame.name) for frame in frames]
    if RUN in places:
        below = places[places.index(RUN) + 1 :]
        if (problem := _describe_runner(error, below)) is not None:
            return problem
    if not isinstance(error, ValueError) or not frames:
        return None
    if places[-1][0] not in REFUSES_NAMES:
        return None
    refusal = _end_sentence(" ".join(str(error).split()))
    return (
        f"Error: {refusal} `kedro registry list` lists the pipelines, `kedro registry "
        "describe PIPELINE` the nodes of one."
    )


def _describe_runner(
    error: BaseException, below: Sequence[tuple[Path, str]]
) -> str | None:
    """Say what is wrong with --runner and --runner-params; None if they are right.

    Args:
        error: that ended `kedro run`.
        below: the files and functions that `kedro run` called, down to the error.
    """
    if not below and isinstance(error, TypeError):
        return (
            "Error: --runner, --runner-params: expected a runner and options that it "
            f"takes, got: {one_line(error)}; correct them, or leave them out."
        )
    if below[:1] != [FIND_RUNNER] or any(
        "importlib" not in str(p) for p, _ in below[1:]
    ):
        return None
    return (
        f"Error: --runner: expected {', '.join(RUNNERS)} or the import path of a "
        f"class, got: {_end_sentence(one_line(error))}"
    )


def _end_sentence(text: str) -> str:
    """Write the full stop that some of Kedro's messages lack."""
    return text if text.endswith((".", "!", "?")) else f"{text}."

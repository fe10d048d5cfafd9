"""Run the installed project: `python -m lfw17_kedro`, options as of `kedro run`."""

import sys
from pathlib import Path
from typing import Any

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project


def main(*args: Any, **kwargs: Any) -> Any:
    """Run the project with the options of `kedro run`, as Kedro's starters do.

    Args:
        args: arguments of click's command, for callers from Python.
        kwargs: keyword arguments of click's command.

    Returns:
        What the run command returns, in an interactive session alone; otherwise the
        process ends with the exit code of the run.
    """
    package_name = Path(__file__).parent.name
    configure_project(package_name)
    kwargs["standalone_mode"] = not hasattr(sys, "ps1")
    return find_run_command(package_name)(*args, **kwargs)


if __name__ == "__main__":
    main()

"""The options of a run, those too that Kedro does not pass to the hooks."""

from collections.abc import Mapping
from typing import Any

import click

from lfw17_kedro.hooks.node_calls import to_json

# Options of `kedro run` that Kedro 1.7 leaves out of `run_params`.
NOT_IN_RUN_PARAMS = ("conf_source", "runner_params", "is_async")
SAME_RESULTS = ("pipeline_names", "env", "conf_source", "runtime_params")


def read_options(run_params: Mapping[str, Any]) -> dict[str, Any]:
    """Give all options of a run, for `write_command`.

    Args:
        run_params: as Kedro gives them to the hooks of a run.

    Returns:
        `run_params`, its `runtime_params` as JSON can hold them, and what the command
        line says besides; that is None in a run that no command started.
    """
    runtime = to_json(run_params.get("runtime_params") or {})
    given = read_command_line()
    others = {name: given.get(name) for name in NOT_IN_RUN_PARAMS}
    return {**others, **run_params, "runtime_params": runtime}


def keep_results(run_params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options that decide what the pipelines of a run make.

    Args:
        run_params: as Kedro gives them to the hooks of a run.
    """
    options = read_options(run_params)
    return {name: options.get(name) for name in SAME_RESULTS}


def runs_in_threads(run_params: Mapping[str, Any]) -> bool:
    """Tell whether nodes or their saves run on in threads after Ctrl-C.

    Args:
        run_params: as Kedro gives them to the hooks of a run.
    """
    options = read_options(run_params)
    is_async = (options["runner_params"] or {}).get("is_async") or options["is_async"]
    return is_thread_runner(run_params) or bool(is_async)


def is_thread_runner(run_params: Mapping[str, Any]) -> bool:
    """Tell whether nodes run in threads.

    Args:
        run_params: as Kedro gives them to the hooks of a run.
    """
    return "ThreadRunner" in str(run_params.get("runner"))


def read_command_line() -> dict[str, Any]:
    """Give the options of the command that runs, none outside of a command."""
    context = click.get_current_context(silent=True)
    return context.params if context else {}

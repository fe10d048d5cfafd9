"""Write a `kedro run` command from its parts, as Kedro 1.7 spells its options."""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

LIST_OPTIONS = {
    "pipeline_names": "--pipelines",
    "tags": "--tags",
    "node_names": "--nodes",
    "from_nodes": "--from-nodes",
    "to_nodes": "--to-nodes",
    "from_inputs": "--from-inputs",
    "to_outputs": "--to-outputs",
    "namespaces": "--namespaces",
}
DEFAULT_RUNNER = "SequentialRunner"


def write_command(run_params: Mapping[str, Any]) -> str:
    """Write the command that starts a run.

    Args:
        run_params: as Kedro gives them to `before_pipeline_run`, with `conf_source`,
            `runner_params` and `is_async` of the command line; all keys are optional.
            `runtime_params` may be nested or flat.

    Returns:
        One line for a shell. Kedro splits `--params` at commas, so a run whose
        parameters hold commas cannot be repeated from a command line.
    """
    words = ["kedro", "run"]
    for name, option in LIST_OPTIONS.items():
        if values := run_params.get(name):
            names = sorted(values) if name in ("pipeline_names", "tags") else values
            words += [option, ",".join(names)]
    if versions := run_params.get("load_versions"):
        pairs = (f"{name}:{version}" for name, version in versions.items())
        words += ["--load-versions", ",".join(pairs)]
    if env := run_params.get("env"):
        words += ["--env", env]
    if folder := run_params.get("conf_source"):
        words += ["--conf-source", folder]
    if parameters := run_params.get("runtime_params"):
        words += ["--params", _write_pairs(parameters)]
    runner = _name_runner(str(run_params.get("runner")))
    if runner not in ("None", DEFAULT_RUNNER):
        words += ["--runner", runner]
    # Kedro 1.7 deprecates --async, which says the same.
    is_async = {"is_async": True} if run_params.get("is_async") else {}
    if options := {**(run_params.get("runner_params") or {}), **is_async}:
        words += ["--runner-params", _write_pairs(options)]
    if run_params.get("only_missing_outputs"):
        words.append("--only-missing-outputs")
    return shlex.join(words)


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name nested parameters by their path: {"a": {"b": 1}} gives {"a.b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{path}.")
        else:
            flat[path] = value
    return flat


def write_value(value: Any) -> str:
    """Write a parameter's value so that `--params` reads the same value back."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value)
    except ValueError:
        return value or '""'
    return json.dumps(value)  # text such as "1" or "null" needs its quotes


def _write_pairs(parameters: Mapping[str, Any]) -> str:
    """Write parameters as `--params` and `--runner-params` take them."""
    pairs = flatten(parameters).items()
    return ",".join(f"{key}={write_value(value)}" for key, value in pairs)


def _name_runner(text: str) -> str:
    """Name a runner's class from the text that Kedro gives of the object."""
    found = re.fullmatch(r"<(?:\w+\.)*(\w+) object at .*>", text)
    return found[1] if found else text

"""Advice to the user: the command that makes a method's results fit the data.

The nodes that prepare the data are those in the namespace of the node that reads the
dataset `raw_faces`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from lfw17_kedro.lineage.command import flatten, write_command, write_value
from lfw17_kedro.lineage.run_record import Record, get_namespace

RAW_FACES = "raw_faces"
Nodes = dict[str, dict[str, Any]]


def advise(
    method: str,
    record: Record,
    keys: Iterable[str] = (),
) -> str:
    """Give the command that makes a method's results fit the present data.

    The command repeats the runtime parameters with which the present data were
    prepared, so that following the advice for one method does not make the results of
    another stale, the runtime parameters of the method's own nodes, and `--env` and
    `--conf-source` of the latest run.

    Args:
        method: its name.
        record: see `lfw17_kedro.lineage.run_record`.
        keys: further parameters to name, with the latest value that a node got; a value
            with which the present data were prepared comes first.

    Returns:
        A `kedro run` command.
    """
    runs = record["runs"].values()
    latest: dict[str, Any] = max(runs, key=lambda run: run["started"], default={})
    parameters = {
        key: value
        for key, value in _choose_parameters(method, record, keys).items()
        if "," not in write_value(value)  # --params cannot hold a comma
    }
    return write_command(
        {
            "pipeline_names": [method],
            "env": latest.get("env"),
            "conf_source": latest.get("conf_source"),
            "runtime_params": parameters,
        }
    )


def _choose_parameters(
    method: str, record: Record, keys: Iterable[str]
) -> dict[str, Any]:
    """Choose the parameters that `advise` repeats, by name."""
    nodes, runs = record["nodes"], record["runs"]
    own = _select_namespace(nodes, method)
    reader = find_reader(nodes)
    preparing = get_namespace(reader) if reader else ""
    shared = _select_namespace(nodes, preparing) if reader else {}
    asked = {
        *keys,
        *(key for key in _list_kept(own, runs) if key.startswith(f"{method}.")),
        *(
            key
            for key in _list_given(shared, runs)
            if "." not in key or key.startswith(f"{preparing}.")
        ),
    }
    # A parameter of the catalog, such as raw_folder, is no node's.
    known = flatten(runs[nodes[reader]["run"]]["runtime_parameters"]) if reader else {}
    for node in (*own.values(), *shared.values()):
        known |= flatten(node["parameters"])
    return {key: known[key] for key in sorted(asked & set(known))}


def find_reader(nodes: Nodes) -> str | None:
    """Find the node that read the raw faces last."""
    readers = [name for name, node in nodes.items() if RAW_FACES in node["inputs"]]
    return max(readers, key=lambda name: nodes[name]["finished"], default=None)


def sort_nodes(nodes: Nodes) -> Nodes:
    """Sort nodes by the time they finished."""
    return dict(sorted(nodes.items(), key=lambda item: item[1]["finished"]))


def _select_namespace(nodes: Nodes, namespace: str) -> Nodes:
    """Select the nodes of a namespace, in the order they ran."""
    return sort_nodes(
        {name: n for name, n in nodes.items() if get_namespace(name) == namespace}
    )


def _list_kept(nodes: Nodes, runs: Mapping[str, Any]) -> list[str]:
    """List the runtime parameters that the last node got that has each of them.

    What an earlier run was given may belong to an alternative, such as an architecture,
    that a later one did not choose.
    """
    kept: dict[str, bool] = {}
    for node in nodes.values():
        given = flatten(runs[node["run"]]["runtime_parameters"])
        kept |= {key: key in given for key in flatten(node["parameters"])}
    return [key for key, is_given in kept.items() if is_given]


def _list_given(nodes: Nodes, runs: Mapping[str, Any]) -> list[str]:
    """List the runtime parameters of the runs of some nodes."""
    return [
        key
        for node in nodes.values()
        for key in flatten(runs[node["run"]]["runtime_parameters"])
    ]

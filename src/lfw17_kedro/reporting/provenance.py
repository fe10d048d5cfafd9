"""Where a method's results come from: which runs, settings and data made them.

All of it is read from the run record; see `lfw17_kedro.lineage.run_record`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from lfw17_kedro.lineage.command import flatten, write_value
from lfw17_kedro.lineage.run_record import Record, get_namespace
from lfw17_kedro.messages import join_names
from lfw17_kedro.reporting.advice import (
    RAW_FACES,
    Nodes,
    advise,
    find_reader,
    sort_nodes,
)
from lfw17_kedro.reporting.predictions import StaleResultsError


def describe_provenance(
    methods: Iterable[str], record: Record
) -> dict[str, dict[str, Any]]:
    """Describe which runs made each method's results, and what does not agree.

    Args:
        methods: their names, which are the namespaces of their nodes.
        record: see `lfw17_kedro.lineage.run_record`.

    Returns:
        method -> `runs` (the runs as recorded, oldest first, each with its `id` and the
        `nodes` that it ran: the method's own and those it depends on), `parameters`
        (name -> the values that these nodes got, oldest first) and `warnings`
        (sentences: nodes that got different values, results made from inputs that were
        made again since, unknown raw faces).
    """
    described = {}
    for method in methods:
        lineage, outdated = trace_method(method, record["nodes"])
        runs: dict[str, list[str]] = {}
        for name, node in lineage.items():
            runs.setdefault(node["run"], []).append(name)
        described[method] = {
            "runs": [
                record["runs"][run] | {"id": run, "nodes": names}
                for run, names in runs.items()
            ],
            "parameters": {
                key: [values[names[0]] for names in _group_nodes(values)]
                for key, values in _list_values(lineage).items()
            },
            "warnings": _write_warnings(method, record, lineage, outdated),
        }
    return described


def trace_method(method: str, nodes: Nodes) -> tuple[Nodes, dict[str, list[str]]]:
    """Find what a method's results depend on.

    Args:
        method: the namespace of its nodes.
        nodes: of the run record.

    Returns:
        The entries of the nodes that `<method>.metrics` depends on, by name, in the
        order they ran. A node of another namespace is among them only if its present
        outputs are those that were used. Then, for each dataset that was made again
        with other settings or data after it was used, the nodes that read what it was
        before.
    """
    makers = {
        output: name for name, node in nodes.items() for output in node["outputs"]
    }
    found = [makers[name] for name in (f"{method}.metrics",) if name in makers]
    outdated: dict[str, list[str]] = {}
    for name in found:  # grows while it is walked through
        for dataset, fingerprint in nodes[name]["inputs"].items():
            maker = makers.get(dataset)
            if maker is None:
                continue
            made_again = nodes[maker]["fingerprint"] != fingerprint
            if made_again and fingerprint is not None:
                outdated.setdefault(dataset, []).append(name)
            own = get_namespace(maker) == method
            if (own or not made_again) and maker not in found:
                found.append(maker)
    return sort_nodes({name: nodes[name] for name in found}), outdated


def find_disagreements(lineage: Nodes) -> list[str]:
    """Find the parameters of which nodes got different values.

    Args:
        lineage: of `trace_method`.

    Returns:
        Names of parameters, such as `facenet_svm.svm.C`.
    """
    return [
        key
        for key, values in _list_values(lineage).items()
        if len(_group_nodes(values)) > 1
    ]


def check_raw_faces(method: str, record: Record) -> None:
    """Refuse a method whose metrics were made from other raw faces than the present.

    If the record does not say, `describe_provenance` warns.

    Args:
        method: its name.
        record: see `lfw17_kedro.lineage.run_record`.

    Raises:
        StaleResultsError: the hashes of the raw faces differ.
    """
    present, used = _find_raw_faces(method, record["nodes"])
    if present and used and present != used:
        raise StaleResultsError("its raw faces are not the present ones")


def _write_warnings(
    method: str,
    record: Record,
    lineage: Nodes,
    outdated: dict[str, list[str]],
) -> list[str]:
    """Write what does not agree in a method's results, with what to do."""
    command = advise(method, record, find_disagreements(lineage))
    warnings = []
    if not _find_raw_faces(method, record["nodes"])[1]:
        warnings.append(
            "No record says from which raw faces these results were made; "
            f"run `{command}` to make them again."
        )
    warnings += [
        f"{difference}. Run `{command}` so that all agree."
        for difference in _write_differences(lineage)
    ]
    if outdated:
        late = {name for names in outdated.values() for name in names}
        readers = _join_names([name for name in lineage if name in late])
        were = "was" if len(outdated) == 1 else "were"
        warnings.append(
            f"{_join_names(list(outdated))} {were} made again with other settings or "
            f"data after {readers} had read the older version; run `{command}` again."
        )
    return warnings


def _write_differences(lineage: Nodes) -> list[str]:
    """Write which nodes ran with which values, like parameters once."""
    values = _list_values(lineage)
    alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for key in find_disagreements(lineage):
        alike.setdefault(tuple(_group_nodes(values[key])), []).append(key)
    return [
        "; ".join(
            f"{_join_names(names)} ran with "
            + ", ".join(f"{key}={write_value(values[key][names[0]])}" for key in keys)
            for names in groups
        )
        for groups, keys in alike.items()
    ]


def _join_names(names: Iterable[str]) -> str:
    """Name a few nodes or datasets in a sentence, as code, and count the others."""
    return join_names([f"`{name}`" for name in names])


def _list_values(lineage: Nodes) -> dict[str, dict[str, Any]]:
    """List which node got which value of each parameter: name -> node -> value."""
    values: dict[str, dict[str, Any]] = {}
    for name, node in lineage.items():
        for key, value in flatten(node["parameters"]).items():
            values.setdefault(key, {})[name] = value
    return values


def _group_nodes(values: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Group nodes by the value they got."""
    groups: dict[str, list[str]] = {}
    for name, value in values.items():
        groups.setdefault(write_value(value), []).append(name)
    return [tuple(names) for names in groups.values()]


def _find_raw_faces(method: str, nodes: Nodes) -> tuple[list[str], list[str]]:
    """Find the hashes of the present raw faces and of those behind a method's metrics.

    Either list is empty if the record does not say.
    """
    reader = find_reader(nodes)
    present = nodes[reader]["data"].get(RAW_FACES, []) if reader else []
    used = [
        hashed
        for node in nodes.values()
        if f"{method}.metrics" in node["outputs"]
        for hashed in node["data"].get(RAW_FACES, [])
    ]
    return present, used

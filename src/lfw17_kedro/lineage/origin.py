"""From what a node makes its outputs, and whether that is what this run would make.

The origin of an artifact names the node, its parameters and code, and the fingerprints
of its inputs. The fingerprint of an artifact is a hash of all that: two artifacts of
one name have one fingerprint only if the same code made them with the same parameters
from inputs that were made alike. What comes from outside the project counts by its
SHA-256.

So the fingerprint that an artifact must have can be computed without making it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from lfw17_kedro.lineage.command import flatten, write_value
from lfw17_kedro.lineage.digest import hash_data
from lfw17_kedro.messages import join_names


class Origin(BaseModel):
    """From what a node made its outputs.

    Attributes:
        node: its name.
        parameters: name -> the value the node got.
        inputs: dataset -> fingerprint of what the node read, None where not known.
        code: hash of the node's code and of the code that saves its outputs.
        options: dataset -> how the catalog has it saved.
        data: dataset from outside -> every SHA-256 that the outputs depend on.
        fingerprint: of all but `data`, which the inputs' fingerprints imply.
    """

    model_config = ConfigDict(frozen=True)

    node: str
    parameters: dict[str, Any]
    inputs: dict[str, str | None]
    code: str
    options: dict[str, Any]
    data: dict[str, list[str]]
    fingerprint: str


class NodeCall(NamedTuple):
    """What of a node decides what it makes, besides its inputs.

    Attributes: as of `Origin`; `inputs` and `outputs` are names of datasets, and
        `arguments` of datasets and parameters in the order in which the function gets
        them.
    """

    node: str
    parameters: dict[str, Any]
    inputs: list[str]
    outputs: list[str]
    code: str
    options: dict[str, Any]
    arguments: tuple[str, ...] = ()


def trace_origin(
    call: NodeCall,
    origins: Mapping[str, Origin | None],
    hashes: Mapping[str, str],
) -> Origin:
    """Say from what a node makes its outputs.

    Args:
        call: the node.
        origins: of its inputs, where known.
        hashes: dataset from outside the project -> its SHA-256.
    """
    inputs: dict[str, str | None] = {}
    data: dict[str, set[str]] = {}
    for name in call.inputs:
        origin = origins.get(name)
        inputs[name] = origin.fingerprint if origin else hashes.get(name)
        outside = {name: [hashes[name]]} if name in hashes else {}
        for source, found in (origin.data if origin else outside).items():
            data.setdefault(source, set()).update(found)
    parts = {
        "arguments": call.arguments,  # in their order: wiring is code, too
        "outputs": call.outputs,
        "parameters": call.parameters,
        "inputs": inputs,
        "code": call.code,
        "options": call.options,
    }
    return Origin(
        node=call.node,
        parameters=call.parameters,
        inputs=inputs,
        code=call.code,
        options=call.options,
        data={name: sorted(found) for name, found in sorted(data.items())},
        fingerprint=hash_data(json.dumps(parts, sort_keys=True)),
    )


def mark_incomplete(origin: Origin) -> Origin:
    """Give the origin of what a node made, but not of all that it should have.

    Its fingerprint is one that no run expects. So what was made, and whatever is made
    from it, counts as stale, until a run makes it of all.
    """
    fingerprint = hash_data(f"{origin.fingerprint} incomplete")
    return origin.model_copy(update={"fingerprint": fingerprint})


def expect_origins(
    calls: Iterable[NodeCall],
    hashes: Mapping[str, str],
    recorded: Mapping[str, Origin | None],
    left_out: Mapping[str, Set[str]] = MappingProxyType({}),
) -> dict[str, Origin]:
    """Give the origin that each dataset must have, without running a node.

    Args:
        calls: nodes, each after those that make its inputs.
        hashes: dataset from outside the project -> its SHA-256.
        recorded: origins of datasets that are taken as they are.
        left_out: node -> optional inputs that it must do without.

    Returns:
        Dataset -> origin, for the outputs of all nodes.
    """
    expected: dict[str, Origin] = {}
    for call in calls:
        missing = dict.fromkeys(left_out.get(call.node, ()))
        origin = trace_origin(call, {**recorded, **expected, **missing}, hashes)
        expected |= dict.fromkeys(call.outputs, origin)
    return expected


def explain_differences(
    stale: Iterable[str],
    recorded: Mapping[str, Origin | None],
    expected: Mapping[str, Origin],
) -> list[str]:
    """Say why artifacts are not what this run would make, the causes once each.

    Args:
        stale: datasets whose recorded fingerprint is not the expected one.
        recorded: dataset -> origin of what is on the disk, None where not known.
        expected: dataset -> origin that it must have.

    Returns:
        One clause for each cause.
    """
    affected: dict[str, dict[str, None]] = {}
    for name in stale:
        for cause in _find_causes(name, recorded, expected, set()):
            affected.setdefault(cause, {})[name] = None
    alike: dict[tuple[str, ...], list[str]] = {}
    for cause, names in affected.items():
        alike.setdefault(tuple(names), []).append(cause)
    return [
        f"{join_names(names)}: {'; '.join(causes)}" for names, causes in alike.items()
    ]


def _find_causes(
    name: str,
    recorded: Mapping[str, Origin | None],
    expected: Mapping[str, Origin],
    seen: set[str],
) -> Iterator[str]:
    """Follow an artifact back to what differs."""
    if name in seen or (new := expected.get(name)) is None:
        return
    it = name if seen else "it"
    seen.add(name)
    old = recorded.get(name)
    if old is None:
        yield f"nothing says how {it} was made"
        return
    if old.fingerprint == new.fingerprint:
        return
    causes = list(_compare_values(old.parameters, new.parameters, "made with {}"))
    if old.code != new.code:
        causes.append(f"the code of {new.node} has changed since")
    causes += _compare_values(old.options, new.options, "saved with {}")
    different = [one for one in new.inputs if old.inputs.get(one) != new.inputs[one]]
    if not causes and not different:
        yield (
            f"{it} was made incompletely, as the log of that run says, or by another "
            "version of the pipeline"
        )
    yield from causes
    for one in different:
        known = one in seen  # then its own causes have been named
        yield from _find_causes(one, recorded, expected, seen)
        found = recorded.get(one)
        if one not in expected:
            yield f"{one} has other content than before"
        elif found and found.fingerprint == expected[one].fingerprint and not known:
            yield f"{one} was made again since"  # it is up to date itself


def _compare_values(
    old: Mapping[str, Any], new: Mapping[str, Any], wording: str
) -> Iterator[str]:
    """Name the values that differ: those of then, and those of this run."""
    before, now = flatten(old), flatten(new)
    for key in {**before, **now}:
        if before.get(key) != now.get(key):
            then = f"{key}={write_value(before.get(key))}"
            yield f"{wording.format(then)}, this run has {write_value(now.get(key))}"

"""Find parameters that nothing reads, for they belong to what is not used."""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from lfw17_kedro.parameter_types import Settings
from lfw17_kedro.parameters import Parameters, list_names


def find_unread(checked: Parameters, given: Mapping[str, Any]) -> list[str]:
    """Say which parameters nothing reads, for they belong to what is not used.

    Files in conf keep the parameters of all alternatives. Whoever types one of an
    alternative that is not chosen, or of copies or networks of which there are none,
    expects an effect.

    Args:
        checked: of `check_parameters`.
        given: the parameters of the command line.
    """
    return [
        f"{name}: {reason}"
        for name in list_names(given)
        if (reason := _explain_unread(name, checked))
    ]


def _explain_unread(name: str, checked: Parameters) -> str:
    """Say why nothing reads a parameter, and what to do; "" if it is read."""
    for front, group, rest in _list_groups(name, checked):
        for choice, fields in group.ALTERNATIVES.items():
            chosen = getattr(group, choice)
            for one in fields.keys() - {chosen}:
                if not lies_in(rest, fields[one]):
                    continue
                advice = f"choose {front}.{choice}={one}"
                other = fields[chosen] + rest.removeprefix(fields[one])
                if _has_field(group, other):
                    advice += f", or change {front}.{other}"
                return f"nothing reads it, for {front}.{choice} is {chosen}; {advice}."
        counts = {
            count_name.format_map(dict(group)): counted
            for count_name, counted in group.COUNTS.items()
        }
        none = [count for count in counts if attrgetter(count)(group) == 0]
        for count in none:
            is_counted = any(lies_in(rest, field) for field in counts[count])
            if is_counted and rest not in none:  # two counts of 0 agree
                return f"nothing reads it, for {front}.{count} is 0; set that above 0."
    return ""


def _list_groups(name: str, checked: Parameters) -> Iterator[tuple[str, Settings, str]]:
    """Give each group that a parameter lies in: its name, itself, the name inside."""
    parts = name.split(".")
    value: Any = checked.get(parts[0])
    for depth, part in enumerate(parts[1:], 1):
        if not isinstance(value, Settings):
            return
        yield ".".join(parts[:depth]), value, ".".join(parts[depth:])
        value = getattr(value, part, None)


def lies_in(name: str, group: str) -> bool:
    """Tell whether a name is that of a group, or of something in it."""
    return f"{name}.".startswith(f"{group}.")


def _has_field(settings: Settings, name: str) -> bool:
    """Tell whether settings have a field of a name such as `architectures.resnet`."""
    value: Any = settings
    for part in name.split("."):
        if part not in getattr(type(value), "model_fields", {}):
            return False
        value = getattr(value, part)
    return True

"""Check that every person has enough training images for the parameters.

All checks use the numbers of original images alone, so they run before any face is
detected or any network is trained. Shapes: K people.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from lfw17_kedro.faces.requirements import CountRequirement, Split, count_validated
from lfw17_kedro.messages import join_names
from lfw17_kedro.types import I64, MIN_PEOPLE


def check_counts(
    train_counts: Mapping[str, int], requirements: Sequence[CountRequirement]
) -> None:
    """Refuse parameters that need more training images than there are.

    Args:
        train_counts: person -> number of original training images, K people.
        requirements: requirements of all settings that the run uses.

    Raises:
        ValueError: names every parameter that needs too many, the person with the
            fewest images, and a value that works.
    """
    names = list(train_counts)
    counts = np.array(list(train_counts.values()), np.int64)
    ordered = sorted(requirements, key=lambda one: one.split.parameter)
    causes, batches = [], dict[str, tuple[int, str]]()
    for split, members in groupby(ordered, key=lambda one: one.split):
        group = list(members)
        value: float | int | None = split.value
        if not _is_met(counts, split, split.value, group):
            causes.append(_describe_split(names, counts, split, group))
            value = _find_value(counts, split, group)
        if value is not None:
            for name, rows, cause in _check_batches(int(counts.sum()), value, group):
                batches[name] = min(batches.get(name, (rows, cause)), (rows, cause))
    causes += [cause for _, cause in batches.values()]
    if causes:
        text = "\n".join(f"  {cause}" for cause in causes)
        raise ValueError(f"too few training images for these parameters:\n{text}")


def _is_met(
    counts: I64, split: Split, value: float | int, group: list[CountRequirement]
) -> bool:
    """Tell whether a value of a split's parameter gives everybody enough images."""
    train = split.count_train_images(counts, value)
    return train is not None and all(one.is_met(train) for one in group)


def _find_value(
    counts: I64, split: Split, group: list[CountRequirement]
) -> float | int | None:
    """Find the nearest value that works, if possible with everybody in both parts."""
    works = [v for v in split.list_values(counts) if _is_met(counts, split, v, group)]
    for value in works:
        train = split.count_train_images(counts, value)
        if train is not None and (train < counts).all():
            return value
    return works[0] if works else None


def _describe_split(
    names: list[str], counts: I64, split: Split, group: list[CountRequirement]
) -> str:
    """Say what is wrong with one split, and which value of its parameter works."""
    return (
        f"{split.parameter}={split.value} "
        f"{_describe_cause(names, counts, split, group)}: "
        f"{_advise(names, counts, split, group)}."
    )


def _describe_cause(
    names: list[str],
    counts: I64,
    split: Split,
    group: list[CountRequirement],
) -> str:
    """Say who has too few images for what."""
    train, fewest = split.count_train_images(counts), int(counts.argmin())
    if train is None and isinstance(split.value, int):
        return (
            f"needs at least {split.value} training images of each person; "
            f"{names[fewest]} has {counts[fewest]}"
        )
    if train is None:
        n_images = int(counts.sum())
        return (
            "must leave an image of each person to train on and one to validate on; "
            f"it takes {count_validated(n_images, split.value)} of the "
            f"{n_images} images of {len(names)} people to validate on, and "
            f"{names[fewest]} has {counts[fewest]}"
        )
    one = next(one for one in group if not one.is_met(train))
    short = one.find_short(train)
    if not len(short):
        return (
            f"leaves {one.count_people(train)} of {len(names)} people with at least "
            f"the {one.leave_out_below} training images that {one.leave_out_parameter} "
            f"sets; {one.who} needs at least {MIN_PEOPLE} people"
        )
    row = int(short[0])
    return (
        f"leaves {train[row]} of the {counts[row]} training images of {names[row]} to "
        f"train on; {one.who} needs at least {one.min_images} {one.purpose}"
    )


def _advise(
    names: list[str], counts: I64, split: Split, group: list[CountRequirement]
) -> str:
    """Name a value that works for everybody, or else the number of images needed."""
    value = _find_value(counts, split, group)
    if value is not None:
        off = " or null" if split.optional else ""
        return f"use {split.name}={value}{off}, or add photos"
    strictest = max(group, key=lambda one: one.min_images)
    needed = strictest.min_images + 1
    rare = [person for person, n in zip(names, counts, strict=True) if n < needed]
    advice = [f"add photos of {join_names(rare)}"] if rare else ["add photos"]
    if split.optional:
        advice.insert(0, f"use {split.name}=null")
    if strictest.leave_out_parameter:
        relaxed, limit = strictest.leave_out_rare()
        others = [one for one in group if one is not strictest]
        value = _find_value(counts, split, [*others, relaxed])
        if value is not None:
            change = "" if value == split.value else f" and {split.name}={value}"
            advice.append(f"use {strictest.leave_out_parameter}={limit}{change}")
        if not split.optional and _find_value(counts, split, others) is not None:
            advice.append("run the pipelines of the other methods alone")
    return (
        f"no value works, because {strictest.who} needs at least {needed} training "
        f"images of each person, {needed - 1} to train on and 1 to validate on; "
        f"{', or '.join(advice)}"
    )


def _check_batches(
    n_images: int, value: float | int, group: list[CountRequirement]
) -> Iterator[tuple[str, int, str]]:
    """Give the batch sizes that the training images do not fill.

    Yields:
        The parameter, the largest value that works, and a sentence that says so.
    """
    for one in group:
        train = n_images - count_validated(n_images, value)
        rows = train * (1 + one.copies)
        if one.batch_parameter and one.batch_size > rows:
            name = one.batch_parameter.rpartition(".")[2]
            yield (
                one.batch_parameter,
                rows,
                f"{one.batch_parameter}={one.batch_size} needs as many training "
                f"images; {one.split.parameter}={value} leaves {rows}: use "
                f"{name}={rows} or less, or add photos.",
            )

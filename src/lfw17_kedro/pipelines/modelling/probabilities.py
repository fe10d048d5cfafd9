"""Tables of probabilities: the column `id` and one column for each class name."""

from itertools import zip_longest
from typing import Any

from lfw17_kedro.types import F64, Strings, Table


def tabulate(ids: Strings, probabilities: F64, class_names: list[str]) -> Table:
    """Put (N, K) probabilities and their ids into a table.

    Raises:
        ValueError: another shape: the model knows other people.
    """
    import pandas as pd

    wanted = len(ids), len(class_names)
    if probabilities.shape != wanted:
        raise ValueError(
            f"expected probabilities {wanted}, one for each of {wanted[1]} people, got "
            f"{probabilities.shape}: the model was fitted on other people; run the "
            "whole pipeline again."
        )
    table = pd.DataFrame(probabilities, columns=class_names)
    table.insert(0, "id", ids)
    return table


def check_columns(
    probabilities: Table | None, class_names: list[str], what: str
) -> None:
    """Refuse a table of probabilities of other people, or none.

    Args:
        probabilities: a table of them; None where the catalog has none.
        class_names: the K names.
        what: the table is, for the error message.

    Raises:
        ValueError: names the first column that differs.
    """
    if probabilities is None:
        raise ValueError(
            f"expected {what}, got none: they have not been made yet; run the whole "
            "pipeline."
        )
    found, wanted = list(probabilities.columns), ["id", *class_names]
    if found != wanted:
        columns = zip_longest(found, wanted)
        first, expected = next(pair for pair in columns if pair[0] != pair[1])
        raise ValueError(
            f"expected {what} with the column id and one for each of "
            f"{len(class_names)} people, in the order of class_names, got {first!r} "
            f"instead of {expected!r}; they come from another run: run the whole "
            "pipeline again."
        )


def ids_of(probabilities: Table | None) -> Any:
    """Give the ids of probabilities: these tables are optional in the catalog."""
    return None if probabilities is None else probabilities["id"]

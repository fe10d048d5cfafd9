"""Tables of probabilities: the column `id` and one column for each class name."""

from typing import Any

import numpy as np

from lfw17_kedro.types import F64, Strings, Table


def tabulate(ids: Strings, probabilities: F64, class_names: list[str]) -> Table:
    """Put (N, K) probabilities and their ids into a table."""
    import pandas as pd

    table = pd.DataFrame(probabilities, columns=class_names)
    table.insert(0, "id", ids)
    return table


def check_ids(ids: Any, table: Table, what: str) -> None:
    """Refuse rows that do not describe the images of a table, each once.

    Args:
        ids: (N,) str, of the rows, None where there are none; features must also be in
            the order of the table.
        table: with the column `id`.
        what: the rows are, for the error message.

    Raises:
        ValueError: names the first id that is missing, unknown or there twice.
    """
    import pandas as pd

    if ids is None:
        raise ValueError(
            f"expected {what} of {len(table)} images, got none: they have not been "
            "made yet; run the whole pipeline."
        )
    found, wanted = pd.Index(np.asarray(ids, object)), pd.Index(table["id"])
    if found.equals(wanted):
        return
    for problem, names in (
        ("twice", found[found.duplicated()]),
        ("that the table does not have", found.difference(wanted)),
        ("missing", wanted.difference(found)),
    ):
        if len(names):
            raise ValueError(
                f"expected {what} of the {len(wanted)} images of the table, each once, "
                f"got {len(found)} rows with {len(names)} {problem} ({names[0]!r}, for "
                "one); they come from another run: run the whole pipeline again."
            )
    if what == "features":
        raise ValueError(
            "expected features in the order of the table, got the same images in "
            "another order; run the whole pipeline again."
        )


def ids_of(probabilities: Table | None) -> Any:
    """Give the ids of probabilities: these tables are optional in the catalog."""
    return None if probabilities is None else probabilities["id"]

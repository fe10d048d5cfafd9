"""Check that rows describe the same images before they are joined."""

from collections.abc import Sized
from typing import Any

import numpy as np

from lfw17_kedro.types import Table


def check_ids(ids: Any, table: Table, what: str, *, in_order: bool = False) -> None:
    """Refuse rows that do not describe the images of a table, each once.

    Args:
        ids: (N,) str, of the rows, None where there are none.
        table: a table with the column `id`.
        what: the rows are, for the error message.
        in_order: they will be joined by their position, so their order counts too.

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
                f"got {len(found)} rows with {len(names)} {problem} (for example "
                f"{names[0]!r}); they come from another run: run the whole pipeline "
                "again."
            )
    if in_order:
        row = int(np.flatnonzero(found != wanted)[0])
        raise ValueError(
            f"expected {what} in the order of the table, got the same images in "
            f"another order (row {row} is {found[row]!r}, not {wanted[row]!r}); run "
            "the whole pipeline again."
        )


def check_rows(**parts: Sized) -> None:
    """Refuse arrays and tables without ids that do not have the same length.

    Args:
        parts: arrays and tables by name; row i of each describes the same image.

    Raises:
        ValueError: gives the number of rows of each.
    """
    counts = {name: len(part) for name, part in parts.items()}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{count} of {name}" for name, count in counts.items())
        raise ValueError(
            f"expected one row for each image in {', '.join(counts)}, got {found}; "
            "they come from different runs: run the whole pipeline again."
        )

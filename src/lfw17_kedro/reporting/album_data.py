"""The album's data as one block of JSON, written column by column.

The data of 200,000 faces would fill many times the memory of their text if they were
all there as Python numbers and texts at once: a column is made when it is written.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jinja2.utils import htmlsafe_json_dumps

HASH = 16  # hexadecimal digits


class CountedTexts(NamedTuple):
    """N texts of which many are equal.

    Attributes:
        texts: each text once.
        rows: which one each of the N is.
    """

    texts: list[str]
    rows: list[int]


Column = Iterable[Any] | CountedTexts
"""Texts or numbers, None for a number that is not there."""


def list_texts(column: pd.Series) -> list[str]:
    """Give a column as text, "" where there is nothing."""
    return [
        "" if missing else str(value)
        for value, missing in zip(column, column.isna(), strict=True)
    ]


def count_texts(column: pd.Series) -> CountedTexts:
    """Give a column of texts of which many are equal, see `list_texts`."""
    rows, texts = pd.factorize(column, use_na_sentinel=False)
    return CountedTexts(list_texts(pd.Series(texts, dtype=object)), rows.tolist())


def list_numbers(column: pd.Series, digits: int) -> Iterable[float | None]:
    """Give a column as rounded numbers, None where there is none."""
    values = pd.to_numeric(column).to_numpy(np.float64)
    for value, is_there in zip(values.tolist(), np.isfinite(values), strict=True):
        if not is_there:
            yield None
        else:
            yield round(value, digits) if digits else int(value)


def encode_data(
    tables: Mapping[str, Iterable[tuple[str, Column]]], others: Mapping[str, Any]
) -> str:
    """Write data as JSON that can stand in a page.

    Args:
        tables: name -> the name of each column and the column. If these come one by
            one, as from a generator, only one column is in memory.
        others: name -> what JSON can say.

    Returns:
        One object with all names and `hash`, 16 digits that follow from the rest; a
        `CountedTexts` is an object of its two lists. It is ASCII and has no markup.
    """
    parts: list[str] = []
    for name, columns in tables.items():
        parts += [",", _encode(name), ":"]
        before = "{"
        for key, own in columns:
            parts += [before, _encode(key), ":", _encode(own)]
            before = ","
        parts.append("}" if before == "," else "{}")
    for name, value in others.items():
        parts += [",", _encode(name), ":", _encode(value)]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
    head = f'{{"hash":"{digest.hexdigest()[:HASH]}"'
    return "".join([head, *parts, "}"])


def _encode(value: Any) -> str:
    """Write a value as JSON; NaN is none."""
    if isinstance(value, CountedTexts):
        value = value._asdict()
    elif not isinstance(value, str | list | dict):
        value = list(value)
    return str(htmlsafe_json_dumps(value, allow_nan=False, separators=(",", ":")))

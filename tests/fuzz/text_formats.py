"""Changes of JSON, YAML, CSV and the records beside artifacts."""

import json
import re
from random import Random
from typing import Any

import yaml

from lfw17_kedro.lineage.digest import hash_data

DEEP = 100_000
MAX_ITEMS = 50  # of a list that is repeated
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**63, 10**40, float("nan"), float("inf")),
    *("", "a", "0" * 64, "a" * 100_000, "\ud800", "\x00", "../../x", "=cmd()", "\n"),
    *([], {}, [[]], [None], {"": None}, {"a": {"a": {}}}, [1, "a", None], "é"),
)
# Written in place of a value, as they are.
TEXTS = (b"NaN", b"-Infinity", b"1e999", b"[" * DEEP, b'{"a":' * 5000, b"\xff\xfe")
TEXTS += (b"1" * 5000, b'"\\ud800"', b"\xef\xbb\xbf", b"\x00", b"]" * 100, b"", b"null")
CELLS = (b"", b"nan", b"NA", b'"', b'"a', b"=cmd()", b"\x00", b"\xff", b"-1", b"1e999")
CELLS += (b"9" * 30, b"a" * 200_000, b'"a\nb"', b"\r", b"True", b"0x10", b"1_0", b"inf")
CELLS += ("é\u2028".encode(), b"\xef\xbb\xbf")
YAMLS = (
    b"!!python/object/apply:os.system ['touch ran']",
    b"!!binary aaaa",
    b"${oc.env:HOME}",
    b"${runtime_params:x}",
    b"${globals:nothing}",
    b"${a",
    b"*nothing",
    b"&a [*a, *a]",
    b"? [1, 2]\n: 3",
    b"2026-13-45",
    b"0o17",
    b"1_000",
    b"---\na: 1\n---\nb: 2",
    b"{" * 2000,
    b"- " * 2000,
    b"\t",
    b"!!set {1, 2}",
    b"<<: 3",
)


def edit_json(data: bytes, rng: Random) -> bytes:
    """Change a value, a key or the text of a value."""
    tree = json.loads(data)
    return (
        json.dumps(edit_tree(tree, rng)).encode()
        if rng.random() < 0.8
        else (
            _replace_text(
                data, rb'-?\d[\d.e+-]*|"[^"]*"|null|true|false|{}', TEXTS, rng
            )
        )
    )


def edit_record(data: bytes, rng: Random) -> bytes:
    """Change the record beside an artifact so that its checksum fits again."""
    return seal_record(edit_tree(json.loads(data)["versions"], rng))


def seal_record(versions: Any) -> bytes:
    """Write the record beside an artifact with a checksum that fits."""
    checksum = hash_data(json.dumps(versions, sort_keys=True))
    stored = {"checksum": checksum, "artifact": "a.txt", "versions": versions}
    return json.dumps(stored).encode()


def edit_yaml(data: bytes, rng: Random) -> bytes:
    """Change a value of a YAML file, or its text."""
    if rng.random() < 0.6:
        return yaml.safe_dump(edit_tree(yaml.safe_load(data), rng)).encode()
    return _replace_text(data, rb"(?<=: )\S+", (*YAMLS, *TEXTS), rng)


def edit_csv(data: bytes, rng: Random) -> bytes:
    """Change a cell, a column or a row."""
    rows = [row.split(b",") for row in data.split(b"\n")]
    row = rng.randrange(len(rows))
    column = rng.randrange(len(rows[row]))
    match rng.randint(0, 5):
        case 0:
            del rows[row][column]
        case 1:
            rows[row].insert(column, rows[row][column])
        case 2:
            del rows[row]
        case 3:
            rows.insert(row, (rows[row] * rng.choice((1, 2, 1000)))[:100_000])
        case _:
            rows[row][column] = rng.choice(CELLS)
    return b"\n".join(b",".join(row) for row in rows)


def edit_tree(tree: Any, rng: Random) -> Any:
    """Change one place of lists and dicts inside each other."""
    if isinstance(tree, (dict, list)) and tree and rng.random() < 0.9:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        key = rng.choice(keys)
        kept = tree.copy()
        match rng.randint(0, 7):
            case 0:
                del kept[key]
            case 1 if isinstance(tree, dict):
                kept[str(rng.choice(("", "x", "a" * 1000, "id", "\n")))] = kept.pop(key)
            case 2 if isinstance(tree, list) and len(tree) < MAX_ITEMS:
                kept = kept * rng.choice((2, 50))
            case _:
                kept[key] = edit_tree(tree[key], rng)
        return kept
    return rng.choice(VALUES)


def _replace_text(
    data: bytes, pattern: bytes, texts: tuple[bytes, ...], rng: Random
) -> bytes:
    """Write another text in place of a value."""
    found = rng.choice(list(re.finditer(pattern, data)))
    return data[: found.start()] + rng.choice(texts) + data[found.end() :]

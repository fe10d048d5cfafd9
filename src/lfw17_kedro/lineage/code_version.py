"""Hash the code behind a function, so that a change of the code is detected.

What counts is the module of the function and every module of this package that it
imports, directly or not, at the top or inside a function. With a module count the files
of each data folder beside it that it names, such as the templates of the report.
Comments, docstrings and the layout of the text of a module do not count. Other packages
do not count either: their versions are in the run record.
"""

import ast
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from lfw17_kedro.lineage.digest import hash_data

PACKAGE = __name__.partition(".")[0]
ROOT = Path(__file__).parents[1]  # of the package

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def hash_code(*things: Any) -> str:
    """Give the SHA-256 of the code behind functions and classes.

    Args:
        things: functions, classes or names of modules; a `functools.partial` counts
            with its arguments, a dataclass (a `Method`, for example) with its fields.
    """
    modules = sorted({name for thing in things for name in _list_modules(thing)})
    return _hash_modules(tuple(modules))


def _list_modules(thing: Any) -> Iterator[str]:
    """Give the modules of this package in which a thing is defined."""
    if isinstance(thing, partial):
        for part in (thing.func, *thing.args, *thing.keywords.values()):
            yield from _list_modules(part)
    elif is_dataclass(thing) and not isinstance(thing, type):
        for field in fields(thing):
            yield from _list_modules(getattr(thing, field.name))
    else:
        name = thing if isinstance(thing, str) else getattr(thing, "__module__", None)
        if name and find_module(name):
            yield name


@cache
def _hash_modules(names: tuple[str, ...]) -> str:
    """Hash modules and those that they import."""
    found = dict.fromkeys(names)
    waiting = list(names)
    while waiting:
        for imported in _read_module(waiting.pop())[1]:
            if imported not in found:
                found[imported] = None
                waiting.append(imported)
    return hash_data({name: _read_module(name)[0] for name in sorted(found)})


def find_module(name: str) -> Path | None:
    """Give the file of a module of this package, None for any other name."""
    first, *rest = name.split(".")
    if first != PACKAGE:
        return None
    path = ROOT.joinpath(*rest)
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@cache
def _read_module(name: str) -> tuple[str, tuple[str, ...]]:
    """Give the hash of a module, and the modules of this package that it imports."""
    file = find_module(name)
    if file is None:
        return "", ()
    tree = ast.parse(file.read_bytes())
    imports: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from package import name`: the name may be a module of the package.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            imports |= dict.fromkeys([node.module, *names])
        elif isinstance(node, Documented):
            _drop_docstring(node)
    known = tuple(one for one in imports if find_module(one))
    code = ast.dump(tree, annotate_fields=False)
    return hash_data([code, _read_data(file.parent, tree)]), known


def _read_data(folder: Path, tree: ast.Module) -> dict[str, bytes]:
    """Read the files of the data folders in a folder that a module there names.

    A data folder holds no modules. Hidden files, such as those of an editor, do not
    count.
    """
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for data in sorted(folder.iterdir())
        if data.name in texts and data.is_dir() and not any(data.glob("*.py"))
        for path in sorted(data.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def _drop_docstring(node: Documented) -> None:
    """Remove a docstring, and the texts that stand below fields like docstrings."""
    node.body = [
        statement
        for statement in node.body
        if not (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        )
    ]

"""A module of the package as if somebody had edited it."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from lfw17_kedro.lineage import code_version


@contextmanager
def change_code(module: str) -> Iterator[None]:
    """Let the code of a module have another hash.

    Args:
        module: its whole name.
    """
    read = code_version._read_module

    def read_changed(name: str) -> tuple[str, tuple[str, ...]]:
        code, imported = read(name)
        return f"{code} changed" if name == module else code, imported

    code_version._hash_modules.cache_clear()
    try:
        with patch.object(code_version, "_read_module", read_changed):
            yield
    finally:
        code_version._hash_modules.cache_clear()

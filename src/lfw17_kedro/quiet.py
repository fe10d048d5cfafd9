"""Keep TensorFlow's start-up notes out of the terminal.

They speak of CPU features and missing GPUs, and would bury the progress of a run.
TF_CPP_MIN_LOG_LEVEL silences most of them, but what TensorFlow writes while it is being
imported comes before it reads that; so the import itself is quiet too. What goes wrong
still comes as a Python exception.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


def silence_tensorflow() -> None:
    """Arrange that TensorFlow is quiet, whenever and by whomever it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not any(isinstance(finder, _QuietFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _QuietFinder())


class _QuietFinder(MetaPathFinder):
    """Finds TensorFlow where Python would, with a loader that discards stderr."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name == "tensorflow" else None
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def execute_quietly(module: ModuleType) -> None:
                with _discard_stderr():
                    execute(module)

            loader.exec_module = execute_quietly
        return spec


@contextmanager
def _discard_stderr() -> Iterator[None]:
    """Discard what the process, C++ included, writes to standard error."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)

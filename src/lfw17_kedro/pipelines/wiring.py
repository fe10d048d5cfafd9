"""What the wiring of several pipelines needs beside Kedro."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, update_wrapper
from typing import Any


def bind_arguments(function: Callable[..., Any], **bound: Any) -> Callable[..., Any]:
    """Bind keyword arguments of a node's function, under the function's own name.

    Args:
        function: of a node.
        bound: what the node is not to get from the catalog.
    """
    node = update_wrapper(partial(function, **bound), function)
    del node.__wrapped__  # or its signature would ask for them too
    return node


@contextmanager
def allow_dotted_names() -> Iterator[None]:
    """Silence Kedro's warning of dots in datasets' names.

    For pipelines that are there to read what the namespaces of the methods made.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "One or more dataset names contain '.'")
        yield

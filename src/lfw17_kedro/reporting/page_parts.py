"""Parts of pages that are opened from the disk and need no other file to run."""

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jinja2
import pandas as pd


def read_template(name: str) -> str:
    """Read a file of the templates as it is.

    Args:
        name: of the file.
    """
    path = files("lfw17_kedro.reporting") / "templates" / name
    return path.read_text(encoding="utf-8")


def load_template(name: str, **filters: Callable[..., Any]) -> jinja2.Template:
    """Load the template of a page, which escapes what it is given.

    Args:
        name: of the file; what it includes are files of the templates too.
        filters: that the template uses, by name.
    """
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(read_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(name)


def hash_source(text: str) -> str:
    """Give the source expression of an inline part, as the security policy wants it.

    Args:
        text: between the tags, exactly as it stands in the page.

    Source: Content Security Policy Level 3, section 2.3.1 (hash-source).
    """
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def replace_nan(row: dict[Any, Any]) -> dict[str, Any]:
    """Write None where a row of a table says not known."""
    return {str(k): None if pd.isna(v) else v for k, v in row.items()}

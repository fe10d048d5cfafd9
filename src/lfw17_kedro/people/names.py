"""Names that mean something else here, and names that a spreadsheet would run."""

import re

from lfw17_kedro.faces.class_names import simplify_name, starts_formula
from lfw17_kedro.gallery_types import RESERVED_NAMES, UNKNOWN_NAME

GROUP = re.compile(rf"{UNKNOWN_NAME}[-_ ]?\d+")  # folders of groups, copied as they are


def is_reserved(name: str) -> bool:
    """Tell whether a name is a word or a group of ours, however it is spelled.

    Args:
        name: a person's name.
    """
    look = simplify_name(name)
    return look in RESERVED_NAMES or GROUP.fullmatch(look) is not None


def spell_path(path: str) -> str:
    """Spell a path so that no spreadsheet runs it: `./=a.jpg` names the same file.

    Args:
        path: a relative path.
    """
    return f"./{path}" if starts_formula(path) else path


def quote_name(name: str) -> str:
    """Write a refused name so that no spreadsheet runs it, after an apostrophe.

    Args:
        name: as it came.

    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{name}" if starts_formula(name) else name

"""Names that no person can have, since they mean something else here."""

import re

from lfw17_kedro.faces.class_names import simplify_name
from lfw17_kedro.people_types import RESERVED_NAMES, UNKNOWN_NAME

GROUP = re.compile(rf"{UNKNOWN_NAME}[-_ ]?\d+")  # folders of groups, copied as they are


def is_reserved(name: str) -> bool:
    """Tell whether a name is a word or a group of ours, however it is spelled.

    Args:
        name: of a person.
    """
    look = simplify_name(name)
    return look in RESERVED_NAMES or GROUP.fullmatch(look) is not None

"""Parts of messages: others' errors, names from files, counts and advice."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

MAX_LENGTH = 300  # characters, enough for a path and a reason
MAX_NAMES = 3  # in a sentence, which counts the others
MAX_TYPED = 80  # characters of a word that others are compared with


def one_line(text: object, max_length: int = MAX_LENGTH) -> str:
    """Write a text or an error on one line that every terminal can print.

    Args:
        text: anything; its `str` is used.
        max_length: of the result; the middle of a longer one is left out.
    """
    if isinstance(text, UnicodeDecodeError):  # its text is short, but not its repr
        text = f"it is not {text.encoding.upper()} ({text.reason} at {text.start})"
    words = " ".join(str(text).split())
    line = "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii")
        for one in words
    )
    if len(line) <= max_length:
        return line
    kept = (max_length - 3) // 2
    return f"{line[:kept]}...{line[-kept:]}"


def describe_error(error: BaseException, *, with_type: bool = False) -> str:
    """Say on one line what went wrong; some errors have no text of their own.

    Args:
        error: anything that was raised.
        with_type: begin with the error's type, which else stands for a missing text.
    """
    name, text = type(error).__name__, one_line(error)
    if not text:
        return name
    return one_line(f"{name}: {text}") if with_type else text


def count_noun(count: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: "1 photo", "2 photos".

    Args:
        count: how many.
        one: the noun for one.
        many: the noun for any other number; None for one more s.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def join_names(names: Sequence[str]) -> str:
    """Name a few things in a sentence and count the others."""
    shown = list(names[:MAX_NAMES])
    if len(names) > MAX_NAMES:
        shown.append(f"{len(names) - MAX_NAMES} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)


def suggest(text: str, known: Iterable[str]) -> str:
    """Suggest the nearest of the known words, if one is near; "" if none is."""
    nearest = get_close_matches(text[:MAX_TYPED], [*filter(None, known)], n=1)
    return f", did you mean {nearest[0]}?" if nearest else ""


def advise_extra(extra: str) -> str:
    """Say how to install an extra of the project."""
    by_pip = f"pip install -e '.[{extra}]'"
    return f"`make extras EXTRAS={extra}`, or without make `{by_pip}`"

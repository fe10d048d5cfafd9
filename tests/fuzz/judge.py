"""What a reader of bytes is, and which of its errors a user can do something with."""

import dataclasses
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAX_MESSAGE = 2000  # characters of a line of an error that a user still reads
WRAPPED = "Failed while loading data from dataset"  # Kedro's words for any error


@dataclasses.dataclass(frozen=True)
class Reader:
    """A reader of bytes.

    Attributes:
        name: in tables and of the folder of past crashers.
        kind: format of the bytes, a key of `mutate.EDITS`.
        make_seeds: makes whole files.
        read: reads an input; gets the bytes and an empty folder.
        needs_keras: whether it uses TensorFlow.
        lines: whether its error lists one cause a line.
        any_error: whether it may raise anything, because it only ever gets bytes whose
            SHA-256 is known.
    """

    name: str
    kind: str
    make_seeds: Callable[[], list[bytes]]
    read: Callable[[bytes, Path], Any]
    needs_keras: bool = False
    lines: bool = False
    any_error: bool = False


def judge(reader: Reader, error: BaseException) -> tuple[str, str, str] | None:
    """Say what is wrong with an error: kind, place and detail, or None if it is fine.

    An error is fine if the project raised it on purpose, as `hooks.errors` tells, and
    its message is one line that can be printed and read.
    """
    from lfw17_kedro.hooks.errors import is_expected

    if reader.any_error:
        return None
    message = str(error)
    detail = f"{type(error).__name__}: {message!r}"
    wrapped = WRAPPED in message
    if wrapped or not is_expected(error):
        cause = error.__cause__ if wrapped and error.__cause__ else error
        return "error", f"{type(cause).__name__} in {_locate(cause)}", detail
    if problem := find_problem(message, lines=reader.lines):
        return "message", f"{problem} in {_locate(error)}", detail
    return None


def find_problem(message: str, *, lines: bool = False) -> str | None:
    """Say why a user cannot read a message, None if nothing stands against it."""
    problems = {
        "several lines": not lines and "\n" in message.strip(),
        "too long": max(map(len, message.split("\n"))) > MAX_MESSAGE,
        "cannot be printed": message != message.encode("utf-8", "ignore").decode(),
        "empty": not message.strip(),
    }
    return next((problem for problem, is_so in problems.items() if is_so), None)


def _locate(error: BaseException) -> str:
    """Name the last function of ours that the error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "lfw17_kedro" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "nowhere"

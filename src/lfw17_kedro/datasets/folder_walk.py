"""List all files under a folder, whatever lies there."""

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple


class FoundFile(NamedTuple):
    """A file, or a folder or link that cannot be followed.

    Attributes:
        path: from the root, with forward slashes, as the disk has it; "." for the root.
        problem: why it cannot be read, "" if nothing is known.
    """

    path: bytes
    problem: str = ""


class _Folder(NamedTuple):
    """A folder to look into.

    Attributes:
        path: from the root; empty for the root.
        seen: folders that may not be entered again, by device and inode: those that
            this one lies in and, below a link, all that the link has led to.
        is_linked: it is a link, or lies below one.
    """

    path: bytes
    seen: set[tuple[int, int]]
    is_linked: bool


def walk_folder(root: bytes) -> Iterator[FoundFile]:
    """List all files under a folder that are not hidden, in no order; opens none.

    Links are followed, but never back to a folder that they lie in. Below a link each
    folder is entered once, so that folders full of links to each other end.

    Args:
        root: path of the folder, as `os.fsencode` gives it.
    """
    waiting = [_Folder(b"", {_identify(os.stat(root))}, False)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(os.path.join(root, folder.path)) as entries:
                inside = [entry for entry in entries if entry.name[:1] != b"."]
        except OSError as error:
            yield FoundFile(folder.path or b".", explain_unreadable(error))
            continue
        for entry in inside:
            path = folder.path + b"/" + entry.name if folder.path else entry.name
            try:
                status = os.stat(entry.path)
            except OSError as error:  # a link to nowhere, or gone
                yield FoundFile(path, explain_unreadable(error))
                continue
            if not stat.S_ISDIR(status.st_mode):
                yield FoundFile(path)
            elif (identity := _identify(status)) not in folder.seen:
                waiting.append(_enter(folder, path, identity, entry.is_symlink()))


def _identify(status: os.stat_result) -> tuple[int, int]:
    """Tell a folder from all others, by whatever path it is reached."""
    return status.st_dev, status.st_ino


def _enter(
    folder: _Folder, path: bytes, identity: tuple[int, int], is_link: bool
) -> _Folder:
    """Give a folder inside another."""
    if folder.is_linked:
        folder.seen.add(identity)
        return _Folder(path, folder.seen, True)
    return _Folder(path, folder.seen | {identity}, is_link)


def explain_unreadable(error: OSError) -> str:
    """Say why a file or folder cannot be read, and what to do."""
    return (
        f"expected it to be readable, got: {error.strerror or error}; change its "
        "permissions, or fix or remove it"
    )

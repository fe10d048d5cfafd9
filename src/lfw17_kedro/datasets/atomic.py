"""Write a whole file or folder, or nothing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """Give a path to write to, and move it to the target if nothing failed.

    A reader, also one after a crash, sees the old content, the new content or (for a
    folder, for a moment) nothing, never a part.

    Args:
        target: the file or folder to replace; its parents are made.

    Yields:
        A path beside the target at which to make the file or folder.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    old = target.with_name(f".{target.name}.old")
    _remove(part)  # of a run that was killed
    _remove(old)
    try:
        yield part
        if target.is_dir():  # a folder cannot be replaced in one step
            target.rename(old)
        os.replace(part, target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
    finally:
        _remove(part)
        _remove(old)


def _remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

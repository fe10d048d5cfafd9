"""Write a whole file or folder, or nothing.

New content goes to a part beside the target, named
`.<stem>.<machine>-<process>-<random>.part<suffix>`, reaches the disk, and then takes
the target's name. A file takes it in one step. A folder cannot be replaced in one step:
the old one steps aside first, as `.<stem>.<machine>-<process>-<random>.old<suffix>`. If
the process dies between the two steps, `recover` puts the old folder back.

Several machines may share a folder. This one cannot detect which processes of another
live, so what they write counts as alive until it is old.
"""

import errno
import os
import re
import secrets
import shutil
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

PART, OLD = "part", "old"
# A disk takes many files at a time: 5,000 small ones reach it in 0.7 s, not in 6.
FLUSHED_AT_ONCE = 8
TAKEN = (errno.ENOTEMPTY, errno.EEXIST)  # a folder lies where another is to go
FEW, MANY = 16, 1000  # files flushed one by one, and those waited for together
# Seconds after which another machine's part, or the folder that it moved aside, counts
# as left behind: a part may take hours to write, a swap takes two renames.
MAX_AGE = {PART: 24 * 3600, OLD: 60}
OWNER = r"(?:(?P<machine>[0-9a-z_]+)-)?(?P<process>\d+)-[0-9a-f]{8}"
MAX_MACHINE = 32  # characters in a name
MAX_TURNS = 1000  # of writers that take each other's place: then it is not they

_owners: set[str] = set()  # of what this process is writing


@contextmanager
def atomic_write(
    target: Path,
    before_swap: Callable[[Path], None] | None = None,
    keeps: Callable[[], bool] = lambda: False,
) -> Iterator[Path]:
    """Give a path to write to, and move it to the target if nothing failed.

    A reader, also one after a crash, finds the old content or the new content, never a
    part. Several processes may write one target: the last one wins.

    Args:
        target: the file or folder to replace; its parents are made. A symbolic link
            stays, and what it points to is replaced.
        before_swap: called with the whole part, when all of it is on the disk.
        keeps: asked where a folder lies at the target, or has come there meanwhile: if
            true, it stays, and the new one is removed.

    Yields:
        A path in the target's folder, with the target's suffix, at which to make the
        file or folder. Nothing is there yet.

    Raises:
        OSError: the disk is full, or a folder cannot be written to; the old content
            stays.
    """
    target = follow_links(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target)
    owner = f"{name_machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    _owners.add(owner)
    part, old = (_name_beside(target, owner, kind) for kind in (PART, OLD))
    try:
        yield part
        flush(part)
        if before_swap is not None:
            before_swap(part)
        _swap(part, old, target, keeps)
        flush_folder(target.parent)
    finally:
        try:
            remove(part, ignore_errors=True)
            _put_back(old, target)
        finally:
            _owners.discard(owner)


def recover(target: Path) -> None:
    """Put an old folder back that a killed process had moved aside.

    Does nothing where the target exists.
    """
    target = follow_links(target)
    if target.exists():
        return
    for old in _list_beside(target, OLD):
        try:
            old.rename(target)
        except FileNotFoundError:
            continue  # another process was faster
        except OSError as error:
            if error.errno not in TAKEN:  # a writer was
                raise
        return


def sweep(target: Path) -> None:
    """Remove what processes left beside a target that were killed while they wrote."""
    recover(target)
    for kind in (PART, OLD):
        for leftover in _list_beside(target, kind):
            remove(leftover, ignore_errors=True)


def follow_links(path: Path) -> Path:
    """Give the path that a symbolic link stands for, there or not.

    Raises:
        OSError: the links lead round in a circle.
    """
    if not path.is_symlink():
        return path
    try:
        path.stat()
    except FileNotFoundError:
        pass  # a link to what will be made
    except OSError as error:
        raise OSError(
            error.errno or errno.ELOOP,
            "the symbolic link leads nowhere; remove it",
            str(path),
        ) from error
    return path.resolve()


def flush(path: Path) -> None:
    """Wait until a file, or a folder with all it holds, is on the disk."""
    if not path.is_dir():
        _flush_one(path)
        return
    with ThreadPoolExecutor(FLUSHED_AT_ONCE) as pool:  # its threads start when asked
        for folder, _, names in os.walk(path):
            files = [os.path.join(folder, name) for name in names]
            for start in range(0, len(files), MANY):
                _flush_files(files[start : start + MANY], pool)
            flush_folder(Path(folder))


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, if the system can do that."""
    if os.name == "posix":  # Windows opens no folders
        _flush_one(folder)


def remove(path: Path, *, ignore_errors: bool = False) -> None:
    """Remove a file or a folder, if there is one; of a symbolic link only the link."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        if not ignore_errors:
            raise


def _swap(part: Path, old: Path, target: Path, keeps: Callable[[], bool]) -> None:
    """Give a part the target's name, also when others do the same at once.

    Whatever ends this early, what was moved aside is still there: see `_put_back`.
    """
    for turn in range(MAX_TURNS):
        is_folder = target.is_dir()
        if is_folder and keeps():
            return
        # A folder that comes only now is no file: it is asked about in the next turn.
        if is_folder or (part.is_dir() and target.is_file()):
            remove(old)  # what was moved aside in an earlier turn
            with suppress(FileNotFoundError):  # another has moved it aside
                target.rename(old)
        try:
            part.replace(target)
            return
        except OSError as error:
            # Another has put a folder there, and perhaps moved it aside.
            if error.errno not in TAKEN or turn + 1 == MAX_TURNS:
                raise


def _put_back(old: Path, target: Path) -> None:
    """Remove what was moved aside, unless it is the only version that there is.

    Where it cannot be put back, it stays, and `recover` does so later.
    """
    with suppress(OSError):
        if old.exists() and not target.exists():
            old.rename(target)
        remove(old)


def _flush_files(files: Sequence[str], pool: ThreadPoolExecutor) -> None:
    """Call fsync on files, on several at a time where there are many."""
    if len(files) <= FEW:
        for file in files:
            _flush_one(file)
    else:
        deque(pool.map(_flush_one, files), maxlen=0)  # raises what one raised


def _flush_one(path: Path | str) -> None:
    """Call fsync on a file or folder."""
    # Windows flushes only what is open for writing.
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name_beside(target: Path, owner: str, kind: str) -> Path:
    """Name a part or an old version of a target; the suffix is kept, as Keras needs."""
    return target.with_name(f".{target.stem}.{owner}.{kind}{target.suffix}")


def name_machine() -> str:
    """Name this machine by letters, digits and `_`; of a long name the end counts."""
    name = socket.gethostname().lower().partition(".")[0]
    return re.sub("[^0-9a-z]", "_", name)[-MAX_MACHINE:] or "_"


def _list_beside(target: Path, kind: str) -> list[Path]:
    """List parts or old versions of a target that nobody writes any more."""
    name = re.compile(
        rf"\.{re.escape(target.stem)}\.(?P<owner>{OWNER})\.{kind}"
        rf"{re.escape(target.suffix)}"
    )
    try:
        beside = os.listdir(target.parent)
    except FileNotFoundError:
        return []
    found = ((name.fullmatch(one), target.with_name(one)) for one in beside)
    return [path for match, path in found if match and not _is_owned(match, path, kind)]


def _is_owned(name: re.Match[str], path: Path, kind: str) -> bool:
    """Tell whether somebody still writes a part, or replaces an old version.

    An earlier process may have had the number of this one: in a container, where each
    run is process 1, for example. Names of earlier versions say no machine.
    """
    if name["machine"] not in (None, name_machine()):
        return _measure_age(path) < MAX_AGE[kind]
    if int(name["process"]) == os.getpid():
        return name["owner"] in _owners
    return is_alive(int(name["process"]))


def _measure_age(path: Path) -> float:
    """Give the seconds since a file or folder was written, filled or renamed."""
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return 0.0  # gone, or not ours to judge
    return time.time() - max(status.st_mtime, status.st_ctime)


def is_alive(process: int) -> bool:
    """Tell whether a process of this machine is alive."""
    if os.name != "posix":  # there os.kill would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True

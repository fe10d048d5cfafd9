"""Kill this process at one of its operations on files, as `kill -9` or a limit would.

Only for a process that a test has started: what this sets up cannot be undone.
"""

import itertools
import os
import resource
import signal
import sys

CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}


def kill_at_operation(number, folder):
    """Die before the operation of this number (from 0) on a path in the folder."""

    def kill(counted):
        if counted == number:
            os.kill(os.getpid(), signal.SIGKILL)

    _watch_operations(folder, kill)


def count_operations(folder, file):
    """Write to a file how many operations on paths in the folder there were so far."""
    _watch_operations(folder, lambda counted: file.write_text(str(counted + 1)))


def _watch_operations(folder, notice):
    """Call a function with the number of each operation, before it happens."""
    counted = itertools.count()

    def watch(*paths):
        if any(os.fspath(path).startswith(str(folder)) for path in paths):
            notice(next(counted))

    def audit(event, arguments):
        if event in CHANGES:
            watch(*(a for a in arguments if isinstance(a, str | os.PathLike)))

    def flush(descriptor, plain=os.fsync):
        watch(os.readlink(f"/proc/self/fd/{descriptor}"))
        plain(descriptor)

    sys.addaudithook(audit)
    os.fsync = flush


def kill_at_byte(number):
    """Die while writing the byte of this number to any file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def run_in_fork(function):
    """Run a function in a process of its own; tell whether it was killed."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("the forked process failed; see its traceback")
    return os.WIFSIGNALED(status)

"""One worker: this process."""

from collections.abc import Callable
from typing import Any

from lfw17_kedro.compute.tasks import Attempt, Pool, StopError, Task, UnfitError
from lfw17_kedro.messages import describe_error

HERE = "this process"


class LocalPool(Pool):
    """Does each task when its end is waited for."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        """Remember the work."""
        self._work = work
        self._task: Task | None = None

    def submit(self, task: Task, avoid: str) -> bool:
        """Take a task, one at a time."""
        if self._task is not None:
            return False
        self._task = task
        return True

    def wait(self) -> Attempt:
        """Do the task."""
        if self._task is None:
            raise StopError("expected a task to wait for, got none; submit one.")
        task, self._task = self._task, None
        return attempt_task(self._work, task, HERE)

    def close(self) -> None:
        """Do nothing: no worker is left."""


def attempt_task(work: Callable[[Any], Any], task: Task, worker: str) -> Attempt:
    """Do a task; whatever is raised becomes part of the attempt.

    Args:
        work: raises `StopError` where no other task can succeed, `UnfitError` where
            this worker can do none.
        task: to do.
        worker: who does it.
    """
    try:
        return Attempt(task, worker, work(task.item))
    except StopError as error:
        return Attempt(task, worker, error=str(error), is_final=True)
    except UnfitError as error:
        return Attempt(task, worker, error=str(error), is_unfit=True)
    except Exception as error:  # of any kind: the others must go on
        return Attempt(task, worker, error=describe_error(error, with_type=True))

"""Work for other processes, which cannot import what a test defines."""

import os
import signal
import time
from pathlib import Path

from lfw17_kedro.compute.tasks import UnfitError


def tell_process(item):
    """Give the item, the process and its limit of threads."""
    time.sleep(0.05)  # so that one process cannot do it all
    return item, os.getpid(), os.environ["TF_NUM_INTRAOP_THREADS"]


class DieOnce:
    """Kills the process at one item, the first time or always."""

    def __init__(self, folder, item, always=False):
        self.mark, self.item, self.always = Path(folder, "died"), item, always

    def __call__(self, item):
        if item == self.item and (self.always or not self.mark.exists()):
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return item * 2


class UnfitFirst:
    """The first process that gets a task says that it is unfit for any."""

    def __init__(self, folder):
        self.mark = Path(folder, "unfit")

    def __call__(self, item):
        try:
            with self.mark.open("x") as mark:
                mark.write(str(os.getpid()))
        except FileExistsError:
            if self.mark.read_text() != str(os.getpid()):
                return item, os.getpid()
        raise UnfitError("it has other software")


class WriteAndSleep:
    """Notes that an item is begun, and goes on longer than any test waits."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def __call__(self, item):
        (self.folder / f"{item}-{os.getpid()}").touch()
        time.sleep(900)


def give_lambda(item):
    """Give what cannot be sent back."""
    return lambda: item

"""Keras's random numbers, which all threads of a process share.

With `--runner ThreadRunner` several networks are made and trained in one process at
once. For each layer that is made, also of a network that is only loaded, Keras draws
the seeds of first weights and dropout from Python's global generator. If two threads
drew at once, the weights would depend on their timing, and yet count as those of one
seed.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_lock = RLock()  # whoever makes layers holds it; a training makes further networks

logger = logging.getLogger(__name__)


@contextmanager
def hold_layers() -> Iterator[None]:
    """Make layers while no other thread does, nor trains the layers that it made."""
    if not _lock.acquire(blocking=False):
        logger.info("Waiting for the network that another thread trains or makes.")
        _lock.acquire()
    try:
        yield
    finally:
        _lock.release()


@contextmanager
def seed_training(seed: int) -> Iterator[None]:
    """Seed Keras; no other thread makes layers until the training inside ends.

    Args:
        seed: seed of first weights and dropout, 0 to 2^32 - 1.
    """
    import keras

    with hold_layers():
        keras.utils.set_random_seed(seed)
        yield

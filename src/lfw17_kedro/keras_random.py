"""Keras's random numbers, which all threads of a process share.

With `--runner ThreadRunner` several networks are made and trained in one process at
once. For each layer that is made, also of a network that is only loaded, Keras draws
the seeds of first weights and dropout from Python's global generator. If two threads
drew at once, the weights would depend on their timing, and yet count as those of one
seed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

layer_lock = RLock()  # whoever makes layers holds it; a training makes further networks


@contextmanager
def seed_training(seed: int) -> Iterator[None]:
    """Seed Keras; no other thread makes layers until the training inside ends.

    Args:
        seed: of first weights and dropout, 0 to 2^32 - 1.
    """
    import keras

    with layer_lock:
        keras.utils.set_random_seed(seed)
        yield

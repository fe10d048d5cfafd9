"""Import TensorFlow quickly.

The import makes half a million objects, nearly all of which stay. Python's garbage
collector looks through them again and again: a fifth of the time.
"""

import gc
import sys
from typing import Any


def import_tensorflow() -> Any:
    """Import TensorFlow, and Keras with it, while the garbage collector pauses.

    Call this where a process may need TensorFlow for the first time; elsewhere a plain
    import does the same.

    Returns:
        The module. If it was there before, nothing else happens.
    """
    if "tensorflow" not in sys.modules:
        was_enabled = gc.isenabled()
        # Not gc.freeze() afterwards, which would save another half second: programs
        # that ask who refers to an object, for example Hypothesis, would get no answer.
        gc.disable()
        try:
            import tensorflow  # noqa: F401 (also taken from sys.modules below)
        finally:
            if was_enabled:
                gc.enable()
    import tensorflow as tf

    return tf

"""Let a worker use no more threads than its share of the cores."""

import os

# NumPy's linear algebra reads these when it is loaded, TensorFlow its own when it runs
# its first operation.
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def count_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_threads(threads: int) -> None:
    """Limit the threads of the networks in a process that has not used them yet."""
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))

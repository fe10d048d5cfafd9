"""Names the person in a face image, and compares three methods."""

import os
import platform
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lfw17_kedro.api.identifier import Identifier

__all__ = ["Identifier"]

# TensorFlow reads this when it is imported. Its messages about CPU features and missing
# GPUs would hide the progress of a run. Errors are still raised as Python exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# TensorFlow reads this when it first uses a GPU. Else the first process takes nearly
# all memory of the GPU, and another worker or run finds none left.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

# TensorFlow reads this when it is imported. On x86 processors without AVX-512 it leaves
# oneDNN's kernels off by default; with them a step of training takes a fifth to a
# quarter less there (`make benchmark-step`).
if platform.machine() in ("x86_64", "AMD64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: networks and tables take seconds."""
    if name == "Identifier":
        from lfw17_kedro.api.identifier import Identifier

        return Identifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what can be imported."""
    return [*globals(), *__all__]

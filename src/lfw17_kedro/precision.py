"""Choose the number format that the processor is fast in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lfw17_kedro.keras_random import hold_layers
from lfw17_kedro.start_up import import_tensorflow

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

# Linux's names of the instructions that multiply bfloat16 matrices in hardware.
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
# NVIDIA's Ampere, the first with bfloat16.
BFLOAT16_CAPABILITY = (8, 0)


CPUINFO = Path("/proc/cpuinfo")


def choose_policy(precision: str, cpuinfo: Path = CPUINFO) -> str:
    """Give the Keras dtype policy for a precision, "float32" or "mixed_bfloat16".

    See `choose_precision`.
    """
    return POLICIES[choose_precision(precision, cpuinfo)]


def choose_precision(precision: str, cpuinfo: Path = CPUINFO) -> str:
    """Choose the number format of a network's convolutions and matrices.

    Args:
        precision: "float32", "bfloat16" (weights stay float32) or "auto": bfloat16
            where the processor of this machine has it in hardware. Elsewhere it is
            emulated and slow.
        cpuinfo: where Linux lists the CPU's features; without it, auto is float32.

    Returns:
        "float32" or "bfloat16".

    Raises:
        ValueError: another precision.
    """
    if precision == "auto":
        return "bfloat16" if _has_bfloat16(cpuinfo) else "float32"
    if precision not in POLICIES:
        raise ValueError(
            f"precision: expected 'auto' or one of {sorted(POLICIES)}, got "
            f"{precision!r}."
        )
    return precision


def _has_bfloat16(cpuinfo: Path) -> bool:
    """Tell whether the first GPU, or else the CPU, multiplies bfloat16."""
    tf = import_tensorflow()
    if gpus := tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(gpus[0])
        return bool(details.get("compute_capability", (0, 0)) >= BFLOAT16_CAPABILITY)
    if not cpuinfo.is_file():
        return False
    flags = {
        flag
        for line in cpuinfo.read_text().splitlines()
        if line.startswith("flags")
        for flag in line.split()
    }
    return bool(flags & BFLOAT16_FLAGS)


@contextmanager
def use_policy(policy: str) -> Iterator[None]:
    """Make a Keras dtype policy that of the layers built inside; see `keras_random`."""
    import_tensorflow()
    import keras

    with hold_layers():
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)

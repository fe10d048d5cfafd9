"""The user's make, on the project's Makefile."""

import os
import shutil
import subprocess

import pytest

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="needs make")


def make(folder, *words):
    """Run make in a folder, and give what it printed and its exit code."""
    # The variables of an outer make, `make test`, would change what this one prints.
    ours = {key: value for key, value in os.environ.items() if "MAKE" not in key}
    return subprocess.run(
        ["make", *words],  # noqa: S607 (the user's make)
        cwd=folder,
        env=ours,
        capture_output=True,
        text=True,
        check=False,
    )

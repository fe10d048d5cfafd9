import platform
import sys
from pathlib import Path

import numpy as np
import pytest

from lfw17_kedro.hooks.memory import MemoryHooks, find_trim
from lfw17_kedro.settings import HOOKS

MEBIBYTE = 1 << 20
ONLY_GLIBC = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries have no malloc_trim"
)


def read_memory():
    """Memory of this process, bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@ONLY_GLIBC
@pytest.mark.parametrize("name", ["before_node_run", "after_node_run"])
def test_free_memory_goes_back_although_a_block_behind_it_is_used(name):
    blocks = [np.ones(64 << 10, np.uint8) for _ in range(800)]  # 50 MiB
    del blocks[:-1]
    before = read_memory()

    getattr(MemoryHooks(), name)()

    assert before - read_memory() > 40 * MEBIBYTE
    assert blocks[0].all()


def test_other_systems_keep_their_memory(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")

    assert find_trim()(0) is None


def test_the_project_uses_the_hooks():
    assert any(isinstance(one, MemoryHooks) for one in HOOKS)

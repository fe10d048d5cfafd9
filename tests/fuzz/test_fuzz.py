"""Replays past crashers, then reads 40 more inputs a reader; `make fuzz` reads more.

The fuzzing forks, so a process of its own does it, once for all tests.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fuzz.readers import READERS

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="needs Linux's /proc"
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Fuzz all readers: reader -> its row of the table."""
    report = tmp_path_factory.mktemp("fuzz") / "report.json"
    command = [sys.executable, "-m", "tests.fuzz.run", "--engine", "random"]
    command += ["--seconds", "2", "--examples", "40", "--report", str(report)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800
    )
    assert report.is_file(), done.stdout + done.stderr
    return {row["reader"]: row for row in json.loads(report.read_text())}


@pytest.mark.parametrize("reader", READERS)
def test_hostile_bytes_are_refused_in_one_sentence(rows, reader):
    past = list((ROOT / "tests/fuzz/corpus" / reader).glob("*.bin"))

    assert rows[reader]["findings"] == []
    assert rows[reader]["drawn"] > 0
    assert rows[reader]["inputs"] > rows[reader]["drawn"] + len(past)  # whole files
    assert rows[reader]["accepted"]  # the whole files that the changes start from

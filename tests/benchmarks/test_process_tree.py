import os
import subprocess
import sys
import time

import pytest
from benchmarks.process_tree import (
    Sample,
    TreeWatch,
    list_tree,
    read_pss,
    sample_tree,
    wait_for,
)

NEEDS_PROC = pytest.mark.skipif(
    not os.path.exists("/proc/self/smaps_rollup"), reason="needs Linux"
)


def describe_process(proc, number, parent, kib):
    folder = proc / str(number)
    folder.mkdir(parents=True)
    (folder / "stat").write_text(f"{number} (a ) b) S {parent} 1 1 0\n")
    (folder / "smaps_rollup").write_text(
        f"00-ff ---p [rollup]\nRss: 9 kB\nPss: {kib} kB\n"
    )


@pytest.fixture
def proc(tmp_path):
    """5 has the child 6, which has the child 7; 8 is a stranger's."""
    for number, parent, kib in ((5, 1, 100), (6, 5, 30), (7, 6, 200), (8, 1, 4000)):
        describe_process(tmp_path, number, parent, kib)
    (tmp_path / "self").mkdir()
    return tmp_path


def test_tree_holds_children_of_children_and_no_strangers(proc):
    assert sorted(list_tree(5, proc)) == [5, 6, 7]
    assert list_tree(8, proc) == [8]


def test_pss_is_in_bytes_and_zero_for_a_process_that_has_ended(proc):
    assert read_pss(7, proc) == 200 * 1024
    assert read_pss(99, proc) == 0


def test_sample_adds_all_up_and_counts_nobody_twice(proc):
    sample = sample_tree([5, 6], proc)

    assert sample[1:] == (330 * 1024, 200 * 1024, 3)


def test_peak_is_that_between_two_times():
    watch = TreeWatch([])
    watch.samples = [
        Sample(1.0, 10, 9, 1),
        Sample(2.0, 8, 4, 3),
        Sample(3.0, 99, 99, 9),
    ]

    assert watch.find_peak(0.5, 2.5) == Sample(2.0, 10, 9, 3)
    assert watch.find_peak().together == 99


def test_peak_of_no_samples_is_refused():
    with pytest.raises(
        ValueError, match="expected samples from 5.0 to 6.0 s, got none"
    ):
        TreeWatch([]).find_peak(5, 6)


@NEEDS_PROC
def test_watch_sees_what_a_child_takes():
    code = "x = bytearray(b'1') * 200_000_000; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        with TreeWatch([child.pid], interval=0.01) as watch:
            deadline = time.monotonic() + 60
            while len(watch.samples) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
        child.communicate(b"\n")

    assert len(watch.samples) > 1
    assert 200e6 < watch.find_peak().together < 300e6


def test_wait_gives_exit_code_and_processor_time():
    code = "import sys, time\nwhile time.process_time() < 0.3: pass\nsys.exit(3)"
    child = subprocess.Popen([sys.executable, "-c", code])

    code, seconds = wait_for(child.pid)
    child.returncode = code  # so that Popen waits for it no more

    assert code == 3
    assert 0.3 <= seconds < 5

import re
import subprocess
import sys

from benchmarks import machine


def test_machine_has_the_name_of_its_processor(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Abacus 9\nflags\t\t: fpu\n")

    text = machine.describe_machine(cpuinfo)

    assert re.match(r"Abacus 9, \d+ cores, \d+ GiB of memory, \w+, Python 3", text)


def test_revision_says_that_files_were_changed(monkeypatch):
    told = {"rev-parse": "abc123", "status": " M src/a.py"}
    monkeypatch.setattr(machine, "_git", lambda *words: told[words[0]])

    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d, commit abc123 with changes", machine.describe_revision()
    )


def test_revision_without_git_is_named_as_such(monkeypatch):
    monkeypatch.setattr(machine, "_git", lambda *words: "")

    assert machine.describe_revision().endswith(", no commit")


def test_peak_memory_is_that_of_the_process_itself():
    ballast = bytearray(300 << 20)
    asked = "from benchmarks.machine import read_peak_memory; print(read_peak_memory())"

    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )

    assert 1 << 20 < int(done.stdout) < len(ballast)
    assert machine.read_peak_memory() > len(ballast)

"""Each kind of finding, made on purpose, so that no findings mean something."""

import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DatasetError
from tests.fuzz import sandbox
from tests.fuzz.engines import draw, guide, replay
from tests.fuzz.judge import Reader, judge

import lfw17_kedro.hooks.errors  # noqa: F401 (before the fork: it takes seconds)

pytestmark = [
    pytest.mark.skipif(
        not os.access("/proc/self/clear_refs", os.W_OK), reason="needs Linux's /proc"
    ),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded"),
]


def fuzz(read, *contents, lines=False, work=None):
    """Read contents; gives (kind, place, detail, input) of findings, and the counts."""
    reader = Reader("invented", "bytes", list, read, lines=lines)
    found, counts = sandbox.run_child(
        read, lambda error: judge(reader, error), work or replay(list(contents)), 30
    )
    return [(f.kind, f.place, f.detail, f.content) for f in found], counts


def refuse(message):
    def read(data, folder):
        raise DatasetError(message)

    return read


def test_reading_and_refusing_are_no_findings():
    assert fuzz(lambda data, folder: data, b"a", b"b") == ([], (2, 2, 0))
    assert fuzz(refuse("expected a, got b; do c."), b"a") == ([], (1, 0, 1))


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("two\nlines", "several lines"),
        ("a" * 3000, "too long"),
        (" ", "empty"),
        ("a \ud800", "cannot be printed"),
    ],
)
def test_unreadable_messages_are_found(message, problem):
    [(kind, place, _, content)], _ = fuzz(refuse(message), b"input")
    assert (kind, place.partition(" in ")[0], content) == ("message", problem, b"input")


def test_readers_may_list_one_cause_a_line():
    assert fuzz(refuse("two\nlines"), b"a", lines=True)[0] == []


@pytest.mark.parametrize(
    "error", [KeyError("a"), ValueError("not ours"), MemoryError()]
)
def test_errors_that_nobody_raised_on_purpose_are_found(error):
    def read(data, folder):
        raise error

    [(kind, place, detail, _)], counts = fuzz(read, b"a", b"b")

    assert (kind, place) == (
        "error",
        f"{type(error).__name__} in test_sandbox.py:read",
    )
    assert type(error).__name__ in detail
    assert counts == (2, 0, 2)  # it goes on, and counts one place once


def test_errors_in_kedros_words_are_found():
    def read(data, folder):
        raise DatasetError("Failed while loading data from dataset a.") from KeyError()

    [(kind, place, _, _)], _ = fuzz(read, b"a")
    assert (kind, place.partition(" in ")[0]) == ("error", "KeyError")


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV])
def test_a_dying_process_is_found(number):
    def read(data, folder):
        if data == b"bad":
            os.kill(os.getpid(), number)
            time.sleep(10)

    [(kind, _, detail, content)], counts = fuzz(read, b"good", b"bad", b"never")

    assert (kind, detail, content) == ("abort", f"signal {number.name}", b"bad")
    assert counts == (1, 1, 0)


def test_a_busy_process_is_ended(monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_SECONDS", 0.3)

    def read(data, folder):
        while data == b"bad":
            pass

    [(kind, place, _, content)], _ = fuzz(read, b"good", b"bad")

    assert (kind, content) == ("hang", b"bad")
    assert "in read" in place


def test_a_waiting_process_is_ended(monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_SECONDS", 0.1)
    monkeypatch.setattr(sandbox, "MAX_WAIT", 0.3)

    def read(data, folder):
        if data == b"bad":
            time.sleep(60)

    [(kind, _, _, content)], _ = fuzz(read, b"good", b"bad")
    assert (kind, content) == ("hang", b"bad")


def test_memory_is_found_even_if_it_is_given_back(monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_GROWTH", 32 << 20)

    def read(data, folder):
        # Not np.ones: malloc may give it memory that this process freed earlier.
        memory = mmap.mmap(-1, int(data) << 20)
        np.frombuffer(memory, np.uint8)[:] = 1

    found, _ = fuzz(read, b"8", b"64", b"16")
    assert {(kind, content) for kind, _, _, content in found} == {("memory", b"64")}


@pytest.mark.parametrize(
    ("effect", "detail"),
    [
        (lambda: Path("ran").touch(), "open 'ran' to write"),
        (lambda: os.system("true"), "os.system"),  # noqa: S605, S607
        (lambda: subprocess.run(["true"], check=True), "subprocess.Popen"),  # noqa: S607
        (lambda: os.mkdir("made"), "made 'made'"),  # as TensorFlow, which asks nobody
    ],
)
def test_what_a_reader_does_besides_reading_is_found(effect, detail):
    [(kind, _, found, _), *_], _ = fuzz(lambda data, folder: effect(), b"a")
    assert kind == "effect"
    assert found.startswith(detail)


def test_a_reader_may_write_into_its_own_folder():
    def read(data, folder):
        (folder / "a").write_bytes(data)
        (folder / "a").unlink()

    assert fuzz(read, b"a")[0] == []


def test_engines_find_a_needle(tmp_path):
    def read(data, folder):
        if data != b"whole":
            raise RuntimeError

    pool = [b"whole"]
    work = draw("bytes", pool, 30, "seed", 20)
    [(kind, _, _, content), *_], counts = fuzz(read, work=work)
    assert kind == "error"
    assert content != b"whole"
    assert counts[0] == 20
    if "atheris" in sys.modules:
        assert fuzz(read, work=guide("bytes", pool, 1, 1, tmp_path))[0]

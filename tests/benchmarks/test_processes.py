import sys

import pytest
from benchmarks.images import ImageSet
from benchmarks.processes import (
    ContestantError,
    Measured,
    Worker,
    measure_round,
    start_in_turn,
)

# A contestant that says what it is told and notes each question in a common diary.
INVENTED = """
import json, sys, time
name, diary = sys.argv[1:3]
for line in sys.stdin:
    question = json.loads(line)
    with open(diary, "a") as file:
        file.write(f"{name} {question['ask']} {len(question['files'])}\\n")
    if name == "silent":
        time.sleep(60)
    if name == "killed":
        print("out of memory", file=sys.stderr)
        sys.exit(3)
    if name == "wrong" and len(question["files"]) > 1:
        answer = {"error": "ValueError: no\\n  such size"}
    elif question["ask"] == "answer":
        answer = {"versions": {"name": name}}
    else:
        answer = {
            "seconds": {"find": 0.5 * len(question["files"])},
            "boxes": [[[0, 0, 4, 4]] for _ in question["files"]],
            "faces": 2, "peak": 7.0 if name == "fast" else None, "memory": 5,
        }
    print(json.dumps(answer), flush=True)
"""
IMAGES = ImageSet("two", ["a.jpg", "b.jpg"], [[(0, 0, 4, 4)], [(4, 4, 8, 8)]])


class Options:
    rounds = 2
    limit = 20


@pytest.fixture
def commands(tmp_path):
    """Give a function: the commands of invented contestants, and their diary."""
    script = tmp_path / "invented.py"
    script.write_text(INVENTED)
    diary = tmp_path / "diary.txt"

    def make(*names):
        return {name: [sys.executable, script, name, diary] for name in names}, diary

    return make


@pytest.fixture
def start(commands, tmp_path):
    """Give a function: running contestants, and their diary."""
    running = []

    def make(*names, limit=20):
        made, diary = commands(*names)
        workers = {
            name: Worker(command, tmp_path / f"{name}.log", limit)
            for name, command in made.items()
        }
        running.extend(workers.values())
        return workers, diary

    yield make
    for worker in running:
        worker.close()


def test_contestants_take_turns_after_warming_up(start):
    workers, diary = start("slow", "fast")

    measured = measure_round(workers, IMAGES, size=1, rounds=2)

    warming, counted = ["slow measure 1", "fast measure 1"], ["slow measure 2"]
    counted += ["fast measure 2"]
    assert diary.read_text().splitlines() == warming + 2 * counted
    seconds = [{"find": 0.5}] * 2
    assert measured == {
        "slow": Measured(seconds, faces=2, found=(1, 1), memory=5, peaks=()),
        "fast": Measured(seconds, faces=2, found=(1, 1), memory=5, peaks=(7.0, 7.0)),
    }


def test_a_contestant_that_fails_is_named_and_the_others_go_on(start):
    workers, _ = start("wrong", "killed", "fast")

    measured = measure_round(workers, IMAGES, size=1, rounds=1)

    assert measured["wrong"].failure == "ValueError: no such size"
    assert measured["killed"].failure == "ended with status 3: out of memory"
    assert measured["fast"].failure is None
    assert [worker.ended for worker in workers.values()] == [False, True, False]


def test_a_contestant_that_answers_too_late_is_stopped(start):
    workers, _ = start("silent", limit=0.2)

    with pytest.raises(ContestantError, match="stopped after 0.2 s without an answer"):
        workers["silent"].ask("answer", files=[])

    workers["silent"].close()
    assert workers["silent"].ended


def test_every_round_starts_each_contestant_anew(commands, tmp_path):
    made, diary = commands("slow", "killed", "fast")

    kept, seconds, failures, versions = start_in_turn(made, "a.jpg", tmp_path, Options)

    for worker in kept.values():
        worker.close()
    first = ["slow answer 1", "killed answer 1", "fast answer 1"]
    assert diary.read_text().splitlines() == [*first, "slow answer 1", "fast answer 1"]
    assert list(kept) == ["slow", "fast"]
    assert {name: len(times) for name, times in seconds.items()} == {
        **{"slow": 2, "killed": 0},
        "fast": 2,
    }
    assert failures == {"killed": "ended with status 3: out of memory"}
    assert versions == {"slow": {"name": "slow"}, "fast": {"name": "fast"}}

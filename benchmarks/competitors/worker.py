"""Run one contestant in a process of its own.

    python -m benchmarks.competitors.worker MODULE OPTIONS

Loads the contestant of a module of this folder with options in JSON. Then each line of
the standard input is a question, and each line of the standard output its answer, both
JSON. The questions are the functions of `QUESTIONS`. An answer {"error": ...} says why
there is none.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.competitors.contestant import Contestant
from benchmarks.machine import read_peak_memory


def batch(files: list[str], size: int) -> Iterator[list[str]]:
    """Divide files into lists of a size; the last may be shorter."""
    return (files[start : start + size] for start in range(0, len(files), size))


def measure(contestant: Contestant, files: list[str], size: int) -> dict[str, Any]:
    """Take photos through all stages, each stage timed, and then all at once.

    Args:
        contestant: whom to measure.
        files: files of the photos.
        size: photos per call, at least 1.

    Returns:
        Seconds of each stage and of all together, the boxes of each photo, how many
        faces were embedded, the operations per second of a matrix product right after,
        and the peak memory of this process so far, bytes.
    """
    seconds = dict.fromkeys(contestant.stages, 0.0)
    boxes: list[list[list[float]]] = []
    faces = 0
    for part in batch(files, size):
        given: Any = part
        for stage in contestant.stages:
            start = time.perf_counter()
            given = getattr(contestant, stage)(given)
            seconds[stage] += time.perf_counter() - start
            if stage == "find":
                boxes += contestant.list_boxes(given)
        faces += len(given)
    if len(contestant.stages) > 1:
        seconds["together"] = 0.0
        if type(contestant).answer is Contestant.answer:  # the same work again
            seconds["together"] = sum(seconds.values())
        else:
            start = time.perf_counter()
            for part in batch(files, size):
                contestant.answer(part)
            seconds["together"] = time.perf_counter() - start
    return {
        "seconds": seconds,
        "boxes": boxes,
        "faces": faces if "embed" in contestant.stages else 0,
        "peak": contestant.measure_peak(),
        "memory": read_peak_memory(),
    }


def answer(contestant: Contestant, files: list[str]) -> dict[str, Any]:
    """Take photos from files to embeddings, untimed: to start up or to warm up."""
    contestant.answer(files)
    return {"versions": contestant.versions}


def embed(contestant: Contestant, faces: str, target: str) -> dict[str, Any]:
    """Embed the aligned faces of one .npy file into another."""
    np.save(target, contestant.embed_aligned(np.load(faces)))
    return {}


QUESTIONS = {f.__name__: f for f in (measure, answer, embed)}


def offer_to_end(setting: Path = Path("/proc/self/oom_score_adj")) -> None:
    """Let Linux end this process before others if memory runs out.

    Several large photos in one call take some contestants many gigabytes.

    Args:
        setting: file of this process's setting; other systems have none.
    """
    if setting.exists():
        setting.write_text("1000")


def main() -> None:
    """Load the contestant and answer until the input ends."""
    offer_to_end()
    # Libraries print what they like: to the standard error, not between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    name, options = sys.argv[1], json.loads(sys.argv[2])
    contestant: Contestant | None = None
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if contestant is None:
                module = importlib.import_module(f"benchmarks.competitors.{name}")
                contestant = module.load(**options)
            given = QUESTIONS[question.pop("ask")](contestant, **question)
        except Exception as error:  # of any library; the parent shows it in the table
            traceback.print_exc()
            given = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(given) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

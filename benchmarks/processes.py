"""Ask contestants in turn, each in a process of its own."""

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.images import ImageSet, count_found
from benchmarks.machine import ROOT

MAX_REASON = 120  # characters of an error in the table
# Of every process: not all contestants could use a GPU.
ENVIRONMENT = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}


class ContestantError(Exception):
    """A contestant gave no answer; the text says why, in one line."""


class Worker:
    """A process that answers questions; see `competitors.worker`."""

    def __init__(self, command: Sequence[str], log: Path, limit: float) -> None:
        """Start the process.

        Args:
            command: command that starts the process.
            log: file that gets what the process writes to the standard error.
            limit: seconds that an answer may take.
        """
        self._log = log
        self._limit = limit
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 (our own)
                command,
                cwd=ROOT,
                env=ENVIRONMENT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def ask(self, question: str, **arguments: Any) -> dict[str, Any]:
        """Ask one of `competitors.worker.QUESTIONS`.

        Raises:
            ContestantError: an error, no answer within the limit, or the process
                ended. After the last two no further question may be asked.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("expected pipes to and from the worker, got none.")
        try:
            stdin.write(json.dumps({"ask": question, **arguments}) + "\n")
            stdin.flush()
        except BrokenPipeError:
            raise ContestantError(self._describe_end()) from None
        if not select.select([stdout], [], [], self._limit)[0]:
            self._process.kill()
            self._process.wait()
            raise ContestantError(f"stopped after {self._limit:g} s without an answer")
        line = stdout.readline()
        if not line:
            raise ContestantError(self._describe_end())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ContestantError(" ".join(answer["error"].split())[:MAX_REASON])
        return answer

    @property
    def ended(self) -> bool:
        """Whether the process can answer no more."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End the process: its input ends."""
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                pass  # it has ended with a question unread
        if self._process.stdout is not None:
            self._process.stdout.close()
        try:
            self._process.wait(timeout=self._limit)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _describe_end(self) -> str:
        """Say how the process ended: its status and its last words."""
        status = self._process.wait()
        words = self._log.read_text(errors="replace").split("\n")
        last = next((line for line in reversed(words) if line.strip()), "")
        return f"ended with status {status}: {last}"[:MAX_REASON]


class Measured(NamedTuple):
    """What was measured of a contestant on a set with one number of images per call.

    Attributes:
        seconds: for each round the seconds of each stage, per image.
        faces: number of faces embedded in a round.
        found: number of images with a face found, number of faces found.
        memory: peak memory of the process until then, bytes.
        peaks: operations per second of matrix products, in each round; empty for
            contestants that multiply no matrices.
        failure: why nothing was measured, or None.
    """

    seconds: list[dict[str, float]]
    faces: int = 0
    found: tuple[int, int] = (0, 0)
    memory: int = 0
    peaks: tuple[float, ...] = ()
    failure: str | None = None


def measure_round(
    workers: Mapping[str, Worker], images: ImageSet, size: int, rounds: int
) -> dict[str, Measured]:
    """Measure all contestants on the same images, in turn in each round.

    A first round on the images of one call warms up and is not counted. Contestants
    that fail are left out from then on.

    Args:
        workers: contestant -> its process.
        images: the photos.
        size: images per call.
        rounds: number of rounds that are counted, at least 1.

    Returns:
        What was measured of each contestant.
    """
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    failures: dict[str, str] = {}
    for index in range(rounds + 1):
        files = images.files if index else images.files[:size]
        for name, worker in workers.items():
            if name in failures:
                continue
            try:
                answer = worker.ask("measure", files=files, size=size)
            except ContestantError as error:
                failures[name] = str(error)
                continue
            if index:
                answers[name].append(answer)
    count = len(images.files)
    results = {}
    for name, given in answers.items():
        if name in failures:
            results[name] = Measured([], failure=failures[name])
            continue
        last = given[-1]
        seconds = [
            {stage: s / count for stage, s in one["seconds"].items()} for one in given
        ]
        found = count_found(last["boxes"], images.boxes)
        peaks = tuple(one["peak"] for one in given if one["peak"] is not None)
        results[name] = Measured(seconds, last["faces"], found, last["memory"], peaks)
    return results


def start_in_turn(
    commands: Mapping[str, Sequence[str]], file: str, folder: Path, options: Any
) -> tuple[dict[str, Worker], dict[str, list[float]], dict[str, str], dict[str, Any]]:
    """Start every contestant once a round, and keep the processes of the last round.

    Args:
        commands: contestant -> how to start its process.
        file: the photo that each contestant gets first.
        folder: folder for what the processes write to the standard error.
        options: `rounds` and `limit`, the seconds that an answer may take.

    Returns:
        The processes, the seconds until the first answer of each round, why those
        that are missing failed, and each contestant's versions.
    """
    kept: dict[str, Worker] = {}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    failures: dict[str, str] = {}
    versions: dict[str, Any] = {}
    for index in range(options.rounds):
        for name, command in commands.items():
            if name in failures:
                continue
            log = folder / f"{name}.log"
            start = time.perf_counter()
            worker = Worker(command, log, options.limit)
            try:
                versions[name] = worker.ask("answer", files=[file])["versions"]
            except ContestantError as error:
                failures[name] = str(error)
                worker.close()
                continue
            seconds[name].append(time.perf_counter() - start)
            if index == options.rounds - 1:
                kept[name] = worker
            else:
                worker.close()
    return kept, seconds, failures, versions

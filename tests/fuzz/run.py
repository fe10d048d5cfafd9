"""Fuzz the readers: `python -m tests.fuzz.run --seconds 600 --readers all`.

Each input is read in a process of its own kind, see `sandbox`. What is found is written
to tests/fuzz/corpus/<reader>, where later runs replay it first. Ends with exit code 1
if anything was found.
"""

import argparse
import contextlib
import functools
import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.fuzz import engines
from tests.fuzz.judge import Reader, judge
from tests.fuzz.readers import READERS, preload
from tests.fuzz.sandbox import Finding, empty_folder, run_child

CORPUS = Path(__file__).parent / "corpus"
BATCH = 60.0  # seconds of one child, so that its memory starts anew
SMALLER = 200  # tries to make an input smaller


def main(words: list[str] | None = None) -> int:
    """Fuzz, print a table and give the exit code."""
    options = _parse(words)
    names = list(READERS) if options.readers == "all" else options.readers.split(",")
    if unknown := [name for name in names if name not in READERS]:
        raise SystemExit(
            f"expected readers among {', '.join(READERS)}, got {', '.join(unknown)}; "
            "correct --readers."
        )
    chosen = [READERS[name] for name in names]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    with _instrument(options.engine):
        preload(chosen)
    print(_ROW.format("reader", "engine", "inputs", "accepted", "seconds", "findings"))
    rows = [fuzz(reader, options) for reader in chosen]
    if options.report:
        Path(options.report).write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return 1 if any(row["findings"] for row in rows) else 0


def fuzz(reader: Reader, options: argparse.Namespace) -> dict[str, Any]:
    """Fuzz one reader; print and give its row of the table."""
    began = time.monotonic()
    seeds = _make_seeds(reader)
    past = [file.read_bytes() for file in sorted((CORPUS / reader.name).glob("*.bin"))]
    findings: dict[tuple[str, str], Finding] = {}
    done = accepted = batch = drawn = 0

    def run(work: engines.Work, seconds: float) -> int:
        nonlocal done, accepted
        new, counts = run_child(
            reader.read, functools.partial(judge, reader), work, seconds
        )
        for finding in new:
            _keep(finding, findings, reader, options)
        done, accepted = done + counts[0], accepted + counts[1]
        return counts[0]

    left = [*seeds, *past]
    while left:  # an input that kills the child ends the replay: go on after it
        left = left[run(engines.replay(left), options.seconds + 60) + 1 :]
    end = time.monotonic() + options.seconds
    while options.seconds and (remaining := end - time.monotonic()) > 0:
        seconds = min(BATCH, remaining)
        drawn += run(_choose(reader, [*seeds, *past], seconds, batch, options), seconds)
        batch += 1
        if options.examples is not None:
            break
    spent = time.monotonic() - began
    row = (reader.name, options.engine, done, accepted, round(spent), len(findings))
    print(_ROW.format(*row), flush=True)
    texts = [f"{one.kind}: {one.place}: {one.detail}" for one in findings.values()]
    for text in texts:
        print(f"    {text}", flush=True)
    keys = ("reader", "engine", "inputs", "accepted", "seconds")
    numbers = dict(zip(keys, row[:-1], strict=True)) | {"drawn": drawn}
    return numbers | {"findings": texts}


_ROW = "{:<16} {:<10} {:>9} {:>9} {:>8} {:>9}"


def _choose(
    reader: Reader,
    pool: list[bytes],
    seconds: float,
    batch: int,
    options: argparse.Namespace,
) -> engines.Work:
    """Choose where the inputs of the next child come from."""
    match options.engine:
        case "atheris":
            folder = options.corpus / reader.name
            seed = options.seed * 1000 + batch + 1
            return engines.guide(reader.kind, pool, seconds, seed, folder)
    seed = f"{reader.name}-{options.seed}-{batch}"
    return engines.draw(reader.kind, pool, seconds, seed, options.examples)


def _make_seeds(reader: Reader) -> list[bytes]:
    """Make the whole files in a child, so that TensorFlow never runs in this process.

    Raises:
        SystemExit: they cannot be made.
    """
    with empty_folder() as folder:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for number, content in enumerate(reader.make_seeds()):
                    (folder / f"{number:04d}").write_bytes(content)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit(f"{reader.name}: the whole files could not be made.")
        return [file.read_bytes() for file in sorted(folder.iterdir())]


def _keep(
    finding: Finding,
    findings: dict[tuple[str, str], Finding],
    reader: Reader,
    options: argparse.Namespace,
) -> None:
    """Keep the first finding of each kind and place, as a small input."""
    key = finding.kind, finding.place
    if finding.kind == "harness":
        raise SystemExit(f"{reader.name}: the harness itself failed: {finding.detail}")
    if key in findings:
        return
    findings[key] = finding
    if options.keep:
        small = _make_smaller(finding, reader) if options.smaller else finding.content
        folder = CORPUS / reader.name
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{finding.kind}-{hashlib.sha256(small).hexdigest()[:8]}"
        (folder / f"{name}.bin").write_bytes(small)


def _make_smaller(finding: Finding, reader: Reader) -> bytes:
    """Cut pieces out of an input as long as it does the same."""
    content, size = finding.content, max(1, len(finding.content) // 2)
    end = time.monotonic() + 3 * (10 if finding.kind == "hang" else 1)
    while size and time.monotonic() < end:
        at = 0
        while at < len(content) and time.monotonic() < end:
            shorter = content[:at] + content[at + size :]
            same = functools.partial(judge, reader)
            found, _ = run_child(reader.read, same, engines.replay([shorter]), 20)
            if any((f.kind, f.place) == (finding.kind, finding.place) for f in found):
                content = shorter
            else:
                at += size
        size //= 2
    return content


def _parse(words: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run")
    parser.add_argument("--readers", default="all", help="names with commas, or all")
    parser.add_argument("--seconds", type=float, default=600, help="for each reader")
    best = "atheris" if engines.HAS_ATHERIS else "random"
    engine = parser.add_argument("--engine", default=best)
    engine.choices = ("random", "atheris")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--examples", type=int, help="max inputs of the engine random")
    parser.add_argument(
        "--corpus",
        type=lambda name: Path(name).absolute(),  # the readers work in other folders
        default="build/fuzz",
        help="inputs that atheris keeps",
    )
    parser.add_argument("--report", help="a file for the table, as JSON")
    parser.add_argument("--keep", action="store_true", help="write findings to corpus/")
    parser.add_argument(
        "--smaller", action="store_true", help="make them smaller first"
    )
    return parser.parse_args(words)


def _instrument(engine: str) -> "contextlib.AbstractContextManager[object]":
    """Let atheris see which lines of ours an input reaches."""
    if engine != "atheris":
        return contextlib.nullcontext()
    import atheris

    return atheris.instrument_imports(include=["lfw17_kedro"])


if __name__ == "__main__":
    sys.exit(main())

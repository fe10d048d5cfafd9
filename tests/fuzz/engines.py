"""Where inputs come from: past crashers, plain chance, atheris."""

import importlib.util
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.fuzz.mutate import mutate
from tests.fuzz.sandbox import MAX_INPUT, Trial

Work = Callable[[Trial], None]
HAS_ATHERIS = importlib.util.find_spec("atheris") is not None


def replay(contents: list[bytes]) -> Work:
    """Read each input once."""

    def work(trial: Trial) -> None:
        for content in contents:
            trial(content)

    return work


def draw(
    kind: str, pool: list[bytes], seconds: float, seed: str, examples: int | None = None
) -> Work:
    """Draw changes by chance until the time or the number is over."""

    def work(trial: Trial) -> None:
        end = time.monotonic() + seconds
        for index in itertools.count() if examples is None else range(examples):
            if time.monotonic() >= end:
                return
            rng = Random(f"{seed}-{index}")
            trial(mutate(rng.choice(pool), kind, rng))

    return work


def guide(
    kind: str, pool: list[bytes], seconds: float, seed: int, corpus: Path
) -> Work:
    """Let atheris keep the inputs that reach new code of ours, and change those."""

    def work(trial: Trial) -> None:
        import atheris

        corpus.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(pool):
            (corpus / f"seed-{number}").write_bytes(content)

        def change(data: bytes, max_size: int, choice: int) -> bytes:
            rng = Random(choice)
            if rng.random() < 0.1:
                return atheris.Mutate(data, max_size)
            return mutate(data, kind, rng)[:max_size]

        options = {
            "max_total_time": max(1, round(seconds)),
            "max_len": MAX_INPUT // 4,
            "len_control": 0,
            "timeout": 86_400,  # the watcher knows better
            "rss_limit_mb": 0,
            "malloc_limit_mb": 0,
            "seed": seed,
            "verbosity": 0,
            "print_final_stats": 0,
            "artifact_prefix": f"{trial.folder}/",
        }
        words = [f"-{key}={value}" for key, value in options.items()]
        atheris.Setup(
            [sys.argv[0], str(corpus), *words], trial.__call__, custom_mutator=change
        )
        atheris.Fuzz()

    return work

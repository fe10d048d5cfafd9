"""Measure a step of training of each network, and what binds it.

    make benchmark-step
    make benchmark-step ARGS="--methods scratch_cnn --batch-sizes 32 64 128"

Trains the networks of scratch_cnn and transfer_learning, with the settings of conf/, on
random images of the sizes of each view. Prints images per second of the whole step, of
the input pipeline alone, and, from TensorFlow's profiler, the operations that a step
spends its time in (the sum over all threads).
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from benchmarks.conf import check_settings, load_parameters
from benchmarks.machine import ROOT, describe_machine, describe_revision
from benchmarks.table import render

from lfw17_kedro.types import Network

METHODS = ("scratch_cnn", "transfer_learning")
PEOPLE = 7
IMAGES = 512
TRACED_STEPS = 8
HEADER = ("method", "view", "size", "precision", "batch", "images per second", "input")
OPERATIONS_HEADER = ("operation", "ms per step", "fraction", "times per step")


class Training(NamedTuple):
    """A network that is ready to be trained.

    Attributes:
        name: names of its method and its view.
        images: (N, H, W, C), what the network sees.
        network: maps the images to logits.
        precision: precision that the network computes with.
        settings: `batch_size`, `augmentation` and `optimizer`.
    """

    name: tuple[str, str]
    images: Any
    network: Network
    precision: str
    settings: dict[str, Any]


def build_trainings(environment: str, methods: Sequence[str]) -> Iterator[Training]:
    """Build the network of each view of each method, as `kedro run --env` does."""
    parameters = check_settings(load_parameters(environment))
    processing = parameters["data_processing"]
    shape = processing.height, processing.width
    rng = np.random.default_rng(0)
    if "scratch_cnn" in methods:
        yield from _build_scratch(parameters["scratch_cnn"], shape, rng)
    if "transfer_learning" in methods:
        yield from _build_transfer(parameters["transfer_learning"], rng)


def _build_scratch(
    settings: Any, shape: tuple[int, int], rng: np.random.Generator
) -> Iterator[Training]:
    """Build the networks of scratch_cnn."""
    from lfw17_kedro.pipelines.scratch_cnn.nodes import build_network
    from lfw17_kedro.precision import choose_policy

    chosen, policy = settings.chosen, choose_policy(settings.precision)
    sizes = {"original": shape, "aligned": (settings.aligned_size,) * 2}
    for view, size in sizes.items():
        network = build_network(settings, *size, PEOPLE)
        images = rng.uniform(0, 255, (IMAGES, *size, 1)).astype(np.float32)
        used = chosen.model_dump(include={"batch_size", "augmentation", "optimizer"})
        yield Training(("scratch_cnn", view), images, network, policy, used)


def _build_transfer(settings: Any, rng: np.random.Generator) -> Iterator[Training]:
    """Build the networks of transfer_learning."""
    from lfw17_kedro.datasets import WeightsDataset
    from lfw17_kedro.pipelines.transfer_learning.networks import build_head
    from lfw17_kedro.pipelines.transfer_learning.nodes import (
        build_backbone,
        build_network,
    )
    from lfw17_kedro.precision import choose_policy

    chosen, training = settings.chosen_backbone, settings.training
    policy = choose_policy(chosen.precision)
    weights = WeightsDataset(filepath=str(ROOT / "data/06_models/weights"))
    backbone = build_backbone(settings.backbone, settings.backbones, weights.load())
    sizes = {
        "original": (chosen.height, chosen.width),
        "aligned": (chosen.aligned_size,) * 2,
    }
    for view, size in sizes.items():
        head = build_head(backbone.output_shape[-1], PEOPLE)
        network = build_network(backbone, head, settings, *size)
        images = rng.integers(0, 256, (IMAGES, *size, 3), np.uint8)
        used = {
            "batch_size": settings.chosen_recipe.batch_size,
            "augmentation": training.augmentation.model_dump(),
            "optimizer": settings.fine_tuning_optimizer.model_dump(),
        }
        yield Training(("transfer_learning", view), images, network, policy, used)


def measure(
    training: Training, batch_size: int, rounds: int
) -> tuple[list[str], list[list[str]]]:
    """Measure a step; gives the row of the table, and the rows of its operations."""
    from lfw17_kedro.training.batches import make_batches
    from lfw17_kedro.training.fit import compile_training_model
    from lfw17_kedro.training.optimizers import make_optimizer

    steps = IMAGES // batch_size
    optimizer = make_optimizer(**training.settings["optimizer"], steps=1_000_000)
    model = compile_training_model(training.network, optimizer, 0.05)
    batches = make_batches(
        training.images,
        np.arange(IMAGES) % PEOPLE,
        PEOPLE,
        batch_size=batch_size,
        augmentation=training.settings["augmentation"],
        seed=0,
    )

    def train(count: int) -> None:
        model.fit(batches, steps_per_epoch=count, shuffle=False, verbose=0)

    train(2)  # traces
    seconds = min(_time(lambda: train(steps)) for _ in range(rounds))
    stream = iter(batches)
    next(stream)
    reading = min(_time(lambda: [next(stream) for _ in range(steps)]) for _ in "12")
    row = [
        *training.name,
        "x".join(map(str, training.images.shape[1:3])),
        training.precision,
        str(batch_size),
        f"{steps * batch_size / seconds:.0f}",
        f"{steps * batch_size / reading:.0f}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        times, counts = profile(lambda: train(TRACED_STEPS), Path(folder))
    total = sum(times.values())
    operations = [
        [
            name,
            f"{spent / TRACED_STEPS * 1e3:.2f}",
            f"{spent / total:.1%}",
            f"{counts[name] / TRACED_STEPS:.0f}",
        ]
        for name, spent in times.most_common()
    ]
    return row, operations


def profile(run: Any, folder: Path) -> tuple[Counter[str], Counter[str]]:
    """Run something under TensorFlow's profiler.

    Args:
        run: what to profile.
        folder: folder for the profile.

    Returns:
        Kind of operation -> seconds, summed over all threads, and how often it ran.
    """
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    tf.profiler.experimental.start(str(folder))
    run()
    tf.profiler.experimental.stop()
    space = xplane_pb2.XSpace()
    [file] = folder.rglob("*.xplane.pb")
    space.ParseFromString(file.read_bytes())
    times, counts = Counter[str](), Counter[str]()
    for plane in space.planes:
        for event in (one for line in plane.lines for one in line.events):
            # An operation's event is called NAME:KIND, a function's CLASS::FUNCTION.
            name, _, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
            if name and not name.endswith(":") and kind.isidentifier():
                times[kind] += event.duration_ps / 1e12
                counts[kind] += 1
    return times, counts


def _time(run: Any) -> float:
    """Give the seconds that something takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def parse_options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--env", default="kaggle", help="environment of conf")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument(
        "--batch-sizes", type=int, nargs="+", help="instead of those of conf"
    )
    parser.add_argument("--rounds", type=int, default=3, help="the fastest counts")
    parser.add_argument("--operations", type=int, default=12, help="how many to list")
    options = parser.parse_args(words)
    smallest = min(options.rounds, *(options.batch_sizes or [1]))
    if smallest < 1 or max(options.batch_sizes or [1]) > IMAGES:
        parser.error(f"--rounds: 1 or more; --batch-sizes: 1 to {IMAGES}")
    return options


def main() -> None:
    """Measure all networks and print the tables."""
    options = parse_options()
    rows, details = [], []
    for training in build_trainings(options.env, options.methods):
        sizes = options.batch_sizes or [training.settings["batch_size"]]
        for batch_size in sizes:
            row, operations = measure(training, batch_size, options.rounds)
            rows.append(row)
            listed = operations[: options.operations]
            title = f"{' '.join(training.name)}, batch {batch_size}"
            details.append(f"{title}\n\n{render([OPERATIONS_HEADER, *listed])}")
    print(f"conf/{options.env}, {describe_revision()}.\n{describe_machine()}")
    print(render([HEADER, *rows]), *details, sep="\n\n")


if __name__ == "__main__":
    main()

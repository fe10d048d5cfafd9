"""Compare the networks of scratch_cnn on the same data, in one run.

    make benchmark-cnn
    make benchmark-cnn ARGS="--folder FOLDER_OF_THE_COMPETITIONS_NPY_FILES"

Trains the residual network (`resnet` with --folder, else `small_resnet`) and the
study's `published` on the same training split, each with its own settings of conf/ but
at most `--steps` batches. Prints images per second and the time until the fraction
`--goal` of the validation images is predicted correctly. The learning rate of the
residual network falls to 0 over those steps.
"""

import argparse
import math
import time
from typing import Any

import numpy as np
from benchmarks.conf import load_parameters
from rich.console import Console
from rich.table import Table

from lfw17_kedro.datasets.face_sources import SOURCES
from lfw17_kedro.faces.augment import augment_faces
from lfw17_kedro.faces.split import hold_out
from lfw17_kedro.pipelines.scratch_cnn.architectures import ARCHITECTURES
from lfw17_kedro.precision import choose_policy, use_policy
from lfw17_kedro.training.batches import make_batches
from lfw17_kedro.training.fit import compile_training_model
from lfw17_kedro.training.optimizers import make_optimizer

SEED = 666


def train(name: str, data: dict[str, Any], steps: int, goal: float) -> list[str]:
    """Train one architecture and give its row of the table."""
    import keras

    settings = data["parameters"]["scratch_cnn"]["architectures"][name]
    images, labels = data["images"], data["labels"]
    if name == "published":  # the study trained it on two copies of each image
        augmentation = data["parameters"]["data_processing"]["augmentation"]
        rng = np.random.default_rng(SEED)
        copies = augment_faces(images, **augmentation | {"copies": 2}, rng=rng)
        images = np.concatenate([images, *copies])
        labels = np.tile(labels, len(copies) + 1)
    keras.utils.set_random_seed(SEED)
    policy = choose_policy("auto")
    with use_policy(policy):
        network = ARCHITECTURES[name](
            *images.shape[1:], data["n_classes"], **settings["network"]
        )
    training_model = compile_training_model(
        network,
        make_optimizer(**settings["optimizer"], steps=steps),
        settings["label_smoothing"],
    )
    batch_size = settings["batch_size"]
    batches = iter(
        make_batches(
            images[..., None],
            labels,
            data["n_classes"],
            batch_size=batch_size,
            augmentation=settings["augmentation"],
            seed=SEED,
        )
    )
    training_model.train_on_batch(*next(batches))  # tracing
    training_model.predict(data["validation"], verbose=0)
    per_round = max(1, len(images) // batch_size)
    spent, best, reached = 0.0, 0.0, math.nan
    for first in range(0, steps, per_round):
        start = time.perf_counter()
        for _ in range(first, min(first + per_round, steps)):
            training_model.train_on_batch(*next(batches))
        spent += time.perf_counter() - start
        predictions = training_model.predict(data["validation"], verbose=0).argmax(
            axis=1
        )
        accuracy = float((predictions == data["truth"]).mean())
        best = max(best, accuracy)
        if accuracy >= goal and math.isnan(reached):
            reached = spent
    return [
        name,
        policy,
        f"{steps * batch_size / spent:.0f}",
        f"{spent:.0f} s",
        "not reached" if math.isnan(reached) else f"{reached:.0f} s",
        f"{best:.3f}",
    ]


def main() -> None:
    """Train both architectures and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", help="folder of the competition's .npy files")
    parser.add_argument("--steps", type=int, default=320, help="max batches")
    parser.add_argument("--goal", type=float, default=0.95)
    options = parser.parse_args()
    if options.steps < 1:
        parser.error(f"--steps: expected at least 1, got {options.steps}")

    own, folder = "small_resnet", {}
    if options.folder:
        own, folder = "resnet", {"filepath": options.folder}
    raw = SOURCES["npy" if folder else "orl"](**folder)
    images = raw.train_images.astype(np.float32).reshape(-1, 50, 37)
    validated = hold_out(raw.train_labels, 0.2, SEED) == 0
    data = {
        "parameters": load_parameters("kaggle" if folder else "base"),
        "images": images[~validated],
        "labels": raw.train_labels[~validated],
        "validation": images[validated][..., None],
        "truth": raw.train_labels[validated],
        "n_classes": int(raw.train_labels.max()) + 1,
    }
    table = Table(title=f"{len(data['images'])} images, at most {options.steps} steps")
    goal = f"until {options.goal:.2f} correct"
    for column in ("network", "precision", "images/s", "trained", goal, "best"):
        table.add_column(column)
    for name in (own, "published"):
        table.add_row(*train(name, data, options.steps, options.goal))
    Console().print(table)


if __name__ == "__main__":
    main()

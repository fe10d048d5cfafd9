"""Compare our detector with that of the package `mtcnn` on the very same images.

    make benchmark-detection
    make benchmark-detection ARGS="--images 8 --rounds 1"

Both run in this process, with the same TensorFlow, weights and thresholds, in turn in
each round. The images are already decoded: those of `make benchmark`. Crops are tried
at each size at which a run searches them, with repeated edges; photos as they are.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from benchmarks.competitors.ours import open_photos, read_detection_settings
from benchmarks.images import ImageSet, make_image_sets
from benchmarks.machine import describe_machine, describe_revision
from benchmarks.table import render, show_spread
from PIL import Image

from lfw17_kedro.faces.detect import find_faces

# Two faces are the same if their landmarks are nearer than this fraction of the box's
# longer side; those of neighbours in a photo are a whole side apart.
SAME = 0.2
PACKAGE, OURS = "mtcnn", "ours"
HEADER = (
    *("images", "size", "number"),
    *(f"{PACKAGE}, ms", f"{OURS}, ms", "times as fast"),
    *("faces", "missing", "extra", "median, pixels", "max, pixels"),
)
EXPLANATION = """\
Median ± half the range of {rounds} interleaved rounds, {size} images per call. Times
are milliseconds per image, on the CPU. *faces* are those that the package finds;
*missing* are those of them that ours does not find, *extra* those that ours finds
besides. *pixels* are distances between a landmark of the package and the same
landmark of ours."""

# (n, H, W, 3) uint8 RGB, a list -> for each photo its faces: (f, 11) float64, the
# longer side of the box, the x of five landmarks, then their y.
Detect = Callable[[list[Any]], list[Any]]


class Agreement(NamedTuple):
    """How far two detectors find the same.

    Attributes:
        faces: number of faces that the first detector finds.
        missing: number of these that the other detector does not find.
        extra: number of faces that only the other detector finds.
        distances: for each landmark of a face that both find, pixels between the two.
    """

    faces: int
    missing: int
    extra: int
    distances: list[float]


def build_ours(settings: Mapping[str, Any]) -> Detect:
    """Build this project's detector with the settings of a run."""
    from lfw17_kedro.encoders.mtcnn import build_detector

    detector = build_detector(settings["thresholds"], settings["min_face_size"])

    def detect(photos: list[Any]) -> list[Any]:
        return [
            np.array(
                [
                    [max(face.box[2:] - face.box[:2]), *face.landmarks.T.ravel()]
                    for face in faces
                ]
            ).reshape(-1, 11)
            for faces in detector(photos)
        ]

    return detect


def build_package(settings: Mapping[str, Any]) -> Detect:
    """Build the package's detector with the same settings."""
    from mtcnn import MTCNN

    detector = MTCNN(device="CPU:0")
    pnet, rnet, onet = settings["thresholds"]
    options = {
        "min_face_size": settings["min_face_size"],
        "threshold_pnet": pnet,
        "threshold_rnet": rnet,
        "threshold_onet": onet,
        "fit_to_image": False,
        "output_type": "numpy",
        "box_format": "xyxy",
    }

    def detect(photos: list[Any]) -> list[Any]:
        # Columns: photo, box, score, landmarks' x, landmarks' y.
        found = np.asarray(detector.detect_faces(photos, **options)).reshape(-1, 16)
        sides = (found[:, 3:5] - found[:, 1:3]).max(axis=1, keepdims=True)
        rows = np.hstack([sides, found[:, 6:]])
        return [rows[found[:, 0] == index] for index in range(len(photos))]

    return detect


def open_copies(
    images: ImageSet, settings: Mapping[str, Any]
) -> dict[tuple[int, int], list[Any]]:
    """Give the images of a set as detectors get them.

    Returns:
        (height, width) -> RGB images of that size: photos as they are, and of grey
        crops the padded copies that a run makes, at each of its sizes.
    """
    copies: dict[tuple[int, int], list[Any]] = {}

    def keep(batch: Sequence[Any]) -> list[list[Any]]:
        for copy in batch:
            copies.setdefault(copy.shape[:2], []).append(copy)
        return [[] for _ in batch]  # so that the next size is tried as well

    photos, ids = open_photos(images.files)
    if photos[ids[0]].ndim == 2:  # noqa: PLR2004 (a grey crop)
        sizes = {k: settings[k] for k in ("short_sides", "padding", "batch_size")}
        for _ in find_faces(photos, ids, keep, **sizes):
            pass
    else:
        keep([np.asarray(Image.fromarray(photos[one]).convert("RGB")) for one in ids])
    return copies


def measure(
    detectors: Mapping[str, Detect], images: list[Any], size: int, rounds: int
) -> tuple[dict[str, list[float]], dict[str, list[Any]]]:
    """Let detectors find the faces of all images, in turn in each round.

    Args:
        detectors: the detectors by name.
        images: images of one size.
        size: images per call, at least 1.
        rounds: number of timed rounds; one more comes before them, to warm up.

    Returns:
        Name -> seconds per image in each round, and name -> faces of each image.
    """
    seconds: dict[str, list[float]] = {name: [] for name in detectors}
    found: dict[str, list[Any]] = {}
    for index in range(rounds + 1):
        for name, detect in detectors.items():
            start = time.perf_counter()
            found[name] = [
                faces
                for first in range(0, len(images), size)
                for faces in detect(images[first : first + size])
            ]
            if index:
                seconds[name].append((time.perf_counter() - start) / len(images))
    return seconds, found


def compare(expected: Sequence[Any], found: Sequence[Any]) -> Agreement:
    """Pair the faces of each image, nearest first, and measure how far apart they are.

    Args:
        expected: faces that the reference finds, see `Detect`.
        found: faces that the other detector finds, see `Detect`.
    """
    faces = missing = extra = 0
    distances: list[float] = []
    for one, other in zip(expected, found, strict=True):
        points = [rows[:, 1:].reshape(-1, 2, 5) for rows in (one, other)]
        apart = np.linalg.norm(points[0][:, None] - points[1][None], axis=2)
        means = apart.mean(axis=2) / one[:, :1]
        pairs = 0
        while means.size and means.min() < SAME:
            row, column = np.unravel_index(means.argmin(), means.shape)
            distances += apart[row, column].tolist()
            means[row], means[:, column] = np.inf, np.inf
            pairs += 1
        faces += len(one)
        missing += len(one) - pairs
        extra += len(other) - pairs
    return Agreement(faces, missing, extra, distances)


def make_row(
    name: str, images: list[Any], seconds: Mapping[str, list[float]], same: Agreement
) -> list[str]:
    """Write a row of the table, in the order of `HEADER`."""
    height, width = images[0].shape[:2]
    times = [show_spread([1000 * s for s in seconds[n]]) for n in (PACKAGE, OURS)]
    pairs = zip(seconds[PACKAGE], seconds[OURS], strict=True)
    ratio = show_spread([package / ours for package, ours in pairs])
    apart = same.distances
    shown = [f"{median(apart):.4f}", f"{max(apart):.2f}"] if apart else ["", ""]
    counts = map(str, same[:3])
    row = [name, f"{width}x{height}", str(len(images)), *times, ratio]
    return [*row, *counts, *shown]


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=256, help="images in each set")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions")
    parser.add_argument("--size", type=int, default=64, help="images per call")
    parser.add_argument("--lfw17", help="folder of the competition's .npy files")
    options = parser.parse_args()
    if min(options.images, options.rounds, options.size) < 1:
        parser.error("--images, --rounds and --size must be at least 1")
    return options


def main() -> None:
    """Compare, and print the table."""
    options = parse_options()
    described = f"{describe_revision()}.\n{describe_machine()}"
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
    settings = read_detection_settings()
    detectors = {PACKAGE: build_package(settings), OURS: build_ours(settings)}
    rows: list[Sequence[str]] = [HEADER]
    with TemporaryDirectory() as folder:
        sets = make_image_sets(
            Path(folder), options.images, options.lfw17, with_large=False
        )
        for one in sets:
            for images in open_copies(one, settings).values():
                seconds, found = measure(
                    detectors, images, options.size, options.rounds
                )
                same = compare(found[PACKAGE], found[OURS])
                rows.append(make_row(one.name, images, seconds, same))
    explained = EXPLANATION.format(rounds=options.rounds, size=options.size)
    print(described, render(rows), explained, sep="\n\n")


if __name__ == "__main__":
    main()

"""Measure how many strangers are given a name, and how many enrolled people are named.

    make benchmark-open-set
    make benchmark-open-set ARGS="--people FOLDER --enrolled 20 --draws 20"

In each draw some people of a set are enrolled with a few photos each, others play
strangers, and the threshold is chosen as a run chooses it, from those enrolled and from
a cohort of people who are neither. All other photos are then named. The sets are the
ORL faces, the images of LFW17 if a folder is named, and your own folder of people.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmarks.machine import describe_machine, describe_revision
from benchmarks.table import render
from PIL import Image

from lfw17_kedro.api.face_scanner import FaceScanner, build_scanner
from lfw17_kedro.api.identifier import list_orl
from lfw17_kedro.datasets.photo_folder_dataset import ENDINGS
from lfw17_kedro.files.weights import read_weights_file
from lfw17_kedro.gallery_types import GallerySettings
from lfw17_kedro.people.open_set import FALLBACKS, choose_threshold, make_templates
from lfw17_kedro.types import F32, I64

RATE = 0.01  # false accept rate to aim at
SUFFIXES = {*ENDINGS, ".pgm"}  # of ORL's photos
HEADER = (
    *("people", "enrolled", "strangers", "cohort", "photos", "draws"),
    *("strangers named, %", "enrolled named, %", "rank-1, %", "threshold"),
)


class FaceSet(NamedTuple):
    """Embedded faces of people.

    Attributes:
        name: name in the table.
        vectors: (N, D) float32 of L2 norm 1.
        labels: (N,) int64, the person of each face.
        enrolled: how many people are enrolled in a draw.
        strangers: how many others play strangers.
        cohort: (M, D) float32, strangers for the threshold; None for all people who
            are neither enrolled nor strangers in a draw.
    """

    name: str
    vectors: F32
    labels: I64
    enrolled: int
    strangers: int
    cohort: F32 | None


class Score(NamedTuple):
    """What one draw gives.

    Attributes:
        accepted: fraction of the strangers' photos that are given a name.
        named: fraction of the other photos of people enrolled that are given the
            correct name.
        rank_1: fraction of the same photos whose nearest person is the correct one,
            the rank-1 identification rate.
        threshold: the threshold that was chosen, a cosine.
    """

    accepted: float
    named: float
    rank_1: float
    threshold: float


def draw(faces: FaceSet, photos: int, random: np.random.Generator) -> Score:
    """Enrol some people, and name the other photos of them and of strangers.

    Args:
        faces: faces of all people.
        photos: photos of each person to enrol; people with no more photos are not drawn
            as enrolled.
        random: draws people and photos.
    """
    counts = np.bincount(faces.labels)
    able = random.permutation(np.flatnonzero(counts > photos))[: faces.enrolled]
    rest = random.permutation(np.setdiff1d(np.flatnonzero(counts), able))
    strangers, others = rest[: faces.strangers], rest[faces.strangers :]
    cohort = faces.cohort
    if cohort is None:
        cohort = faces.vectors[np.isin(faces.labels, others)]
    chosen, tested = [], []
    for person in able:
        rows = random.permutation(np.flatnonzero(faces.labels == person))
        chosen.append(rows[:photos])
        tested.append(rows[photos:])
    labels = np.repeat(np.arange(len(able)), photos)
    vectors = faces.vectors[np.concatenate(chosen)]
    threshold = choose_threshold(
        vectors, labels, len(able), cohort, RATE, fallback=FALLBACKS["dlib_resnet"]
    )
    templates = make_templates(vectors, labels, len(able))
    truth = np.repeat(np.arange(len(able)), [len(rows) for rows in tested])
    similarities = faces.vectors[np.concatenate(tested)] @ templates.T
    correct = similarities.argmax(axis=1) == truth
    above = similarities.max(axis=1) >= threshold.value
    stranger = faces.vectors[np.isin(faces.labels, strangers)] @ templates.T
    return Score(
        float((stranger.max(axis=1) >= threshold.value).mean()),
        float((correct & above).mean()),
        float(correct.mean()),
        threshold.value,
    )


def embed(
    scanner: FaceScanner, people: Mapping[str, Iterable[object]]
) -> tuple[F32, I64]:
    """Embed the large central face of each photo of each person."""
    cohort = scanner.embed_cohort(people)
    names = {name: label for label, name in enumerate(people)}
    return cohort.vectors, np.array([names[one] for one in cohort.people], np.int64)


def list_people(folder: Path) -> dict[str, list[Path]]:
    """List the photos in a folder of people: <person>/.../<photo>."""
    people = {
        one.name: sorted(f for f in one.rglob("*") if f.suffix.lower() in SUFFIXES)
        for one in sorted(folder.iterdir())
        if one.is_dir()
    }
    return {name: photos for name, photos in people.items() if photos}


def list_lfw17(folder: Path) -> dict[str, list[Image.Image]]:
    """Give the training images of the competition by person."""
    images = np.load(folder / "X_train.npy").reshape(-1, 50, 37)
    labels = np.load(folder / "y_train.npy")
    pixels = np.rint(images).astype(np.uint8)
    return {
        str(label): [Image.fromarray(one) for one in pixels[labels == label]]
        for label in np.unique(labels)
    }


def make_sets(options: argparse.Namespace, scanner: FaceScanner) -> list[FaceSet]:
    """Embed all sets that are asked for."""
    orl = embed(scanner, list_orl())
    sets = [FaceSet("ORL", *orl, 10, 10, None)]
    if options.lfw17:
        lfw17 = embed(scanner, list_lfw17(Path(options.lfw17)))
        sets.append(FaceSet("LFW17", *lfw17, 4, 3, orl[0]))
    if options.people:
        own = embed(scanner, list_people(Path(options.people)))
        sets.append(FaceSet("own", *own, options.enrolled, len(own[1]), orl[0]))
    return sets


def describe(faces: FaceSet, photos: int, scores: Sequence[Score]) -> list[str]:
    """Write a row of the table: means over the draws."""
    people = len(np.unique(faces.labels))
    strangers = min(faces.strangers, people - faces.enrolled)
    *rates, threshold = np.mean(scores, axis=0)
    return [
        faces.name,
        str(faces.enrolled),
        str(strangers),
        "ORL" if faces.cohort is not None else f"{people - faces.enrolled - strangers}",
        str(photos),
        str(len(scores)),
        *(f"{100 * rate:.1f}" for rate in rates),
        f"{threshold:.3f}",
    ]


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lfw17", help="folder of the competition's .npy files")
    parser.add_argument("--people", help="folder of people: <person>/<photo>")
    parser.add_argument(
        "--enrolled", type=int, default=20, help="number of --people to enrol"
    )
    parser.add_argument("--photos", type=int, nargs="+", default=[5, 3, 1])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=666)
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    options = parse_options()
    scanner = build_scanner(
        GallerySettings(), lambda weights: read_weights_file(weights, None)
    )
    rows = []
    for faces in make_sets(options, scanner):
        for photos in options.photos:
            able = (np.bincount(faces.labels) > photos).sum()
            if able < faces.enrolled:
                print(f"{faces.name}, {photos} photos: only {able} people have more.")
                continue
            random = np.random.default_rng(options.seed)
            scores = [draw(faces, photos, random) for _ in range(options.draws)]
            rows.append(describe(faces, photos, scores))
    print(render([HEADER, *rows]))
    print(f"\n{describe_revision()}. {describe_machine()}")


if __name__ == "__main__":
    main()

"""One case of `benchmarks.search`, in a process of its own: JSON in, JSON out.

Axes: N faces, M vectors, D embedding dimensions, K people.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from benchmarks.machine import read_peak_memory

from lfw17_kedro.gallery_types import Gallery, OpenSetThreshold
from lfw17_kedro.people.group import NO_GROUP, group_faces
from lfw17_kedro.people.match import match_faces
from lfw17_kedro.people.neighbour_index import make_index, measure_recall
from lfw17_kedro.people.neighbours import find_nearest
from lfw17_kedro.scan_types import MemoryVectors
from lfw17_kedro.types import F32, F64, I64

DIMENSION = 128
BLOCK = 1 << 16  # vectors made at a time
SEED = 666
NEAREST = 5
MAX_DISTANCE = 0.06  # of conf/base/parameters_people.yml

T = TypeVar("T")


class Kind(NamedTuple):
    """How embeddings of people are spread.

    Attributes:
        mean: length of the mean of all embeddings.
        between: variance of people around that mean, over all dimensions.
        within: variance of a person's faces.
        decay: factor of the variance from one dimension to the next.
    """

    mean: float
    between: float
    within: float
    decay: float


KINDS = {
    # Random unit vectors: two people have nothing in common.
    "apart": Kind(0, 1, 0.02, 1),
    # As `dlib_resnet` embeds the ORL faces: the median cosine of two people is 0.86, of
    # two photos of a person 0.98, and 22 dimensions matter.
    "as dlib": Kind(0.93, 0.115, 0.02, 0.913),
}


class Cost(NamedTuple):
    """What something cost: seconds by the clock, and of all cores together."""

    seconds: float
    cpu: float


def make_people(kind: Kind, n_faces: int, n_people: int, seed: int) -> tuple[F32, I64]:
    """Make embeddings of people.

    Args:
        kind: how the embeddings are spread.
        n_faces: N.
        n_people: K, each with about N / K faces.
        seed: seed of all random numbers.

    Returns:
        (N, D) float32 of L2 norm 1, and the person of each.
    """
    random = np.random.default_rng(seed)
    variances = kind.decay ** np.arange(DIMENSION)
    spread = np.sqrt(variances / variances.sum()).astype(np.float32)
    people = random.standard_normal((n_people, DIMENSION), np.float32)
    people *= spread * np.float32(np.sqrt(kind.between))
    people += np.float32(kind.mean / np.sqrt(DIMENSION))
    labels = random.integers(0, n_people, n_faces)
    vectors = np.empty((n_faces, DIMENSION), np.float32)
    for start in range(0, n_faces, BLOCK):
        own = labels[start : start + BLOCK]
        noise = random.standard_normal((len(own), DIMENSION), np.float32)
        block = people[own] + noise * spread * np.float32(np.sqrt(kind.within))
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        vectors[start : start + BLOCK] = block
    return vectors, labels


def measure(work: Callable[[], T]) -> tuple[T, Cost]:
    """Do something once."""
    seconds, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, Cost(time.perf_counter() - seconds, time.process_time() - cpu)


def run_search(kind: str, vectors: int, probes: int, index: str) -> dict[str, Any]:
    """Find the 5 nearest of M vectors, 10 per person, to other faces of the people."""
    gallery, _ = make_people(KINDS[kind], vectors + probes, vectors // 10, SEED)
    gallery, wanted = gallery[:vectors], gallery[vectors:]
    built, build = measure(lambda: make_index(gallery, index))
    found, search = measure(lambda: built.search(wanted, NEAREST))
    peak = read_peak_memory()
    recall = 1.0
    if index != "exact":
        # The first search measures its own recall, too; a second one searches alone.
        found, search = measure(lambda: built.search(wanted, NEAREST))
        recall = measure_recall(found.rows, find_nearest(wanted, gallery, NEAREST).rows)
    return {"build": build, "work": search, "peak": peak, "recall": recall}


def run_match(kind: str, people: int, faces: int, index: str) -> dict[str, Any]:
    """Name faces, three per photo, after K people."""
    vectors, _ = make_people(KINDS[kind], people + faces, people, SEED)
    names = tuple(f"{number:07}" for number in range(people))
    none = np.empty(0)
    gallery = Gallery(
        people=names,
        faces=pd.DataFrame({"person": names, "photo": names}),
        vectors=vectors[:people],
        templates=vectors[:people],
        threshold=OpenSetThreshold(1 - MAX_DISTANCE, 0.01, 0.01, none, none, none),
        fingerprint="",
    )
    photos = np.arange(faces) // 3
    probes = MemoryVectors(vectors[people:])
    _, work = measure(lambda: match_faces(probes, photos, gallery, index=index))
    return {"work": work, "peak": read_peak_memory()}


def run_group(kind: str, faces: int, index: str, file: str) -> dict[str, Any]:
    """Group faces, 5 per person on average, and keep the groups in a file."""
    vectors, labels = make_people(KINDS[kind], faces, max(1, faces // 5), SEED)
    photos = np.arange(faces)
    groups, work = measure(
        lambda: group_faces(vectors, photos, MAX_DISTANCE, index=index)
    )
    np.save(file, groups)
    precision, recall = rate_groups(groups, labels)
    peak = read_peak_memory()
    return {"work": work, "peak": peak, "precision": precision, "recall": recall}


def rate_groups(groups: I64, labels: I64) -> tuple[float, float]:
    """Give pairwise precision and recall of groups against people or other groups.

    Args:
        groups: (N,) int64; `NO_GROUP` for none.
        labels: (N,) int64, the person or the other group; `NO_GROUP` for none.

    Returns:
        Of the pairs of faces within groups, the fraction that is within one label; of
        the pairs within one label, the fraction that is within one group.
    """
    table = pd.DataFrame({"group": groups, "label": labels})
    in_group = table[table["group"] != NO_GROUP]
    in_label = table[table["label"] != NO_GROUP]
    both = in_group[in_group["label"] != NO_GROUP]

    def count(counts: "pd.Series[int]") -> float:
        sizes: F64 = counts.to_numpy(np.float64)
        return float((sizes * (sizes - 1) / 2).sum())

    shared = count(both.value_counts(["group", "label"]))
    of_groups = count(in_group["group"].value_counts())
    of_labels = count(in_label["label"].value_counts())
    return shared / max(1.0, of_groups), shared / max(1.0, of_labels)


WORK: dict[str, Callable[..., dict[str, Any]]] = {
    "search": run_search,
    "match": run_match,
    "group": run_group,
}


def read_groups(file: Path) -> I64:
    """Read the groups that a case kept."""
    groups: I64 = np.load(file, allow_pickle=False)
    return groups


if __name__ == "__main__":
    case = json.loads(sys.argv[1])
    print(json.dumps(WORK[case.pop("work")](**case)))

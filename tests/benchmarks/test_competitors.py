from itertools import count
from types import SimpleNamespace

import numpy as np
from benchmarks.competitors import worker
from benchmarks.competitors.contestant import Contestant
from benchmarks.competitors.facenet_pytorch_package import suppress


class Invented(Contestant):
    """Finds a face of one pixel in every photo but those called empty."""

    versions = {"invented": "1"}  # noqa: RUF012 (never changed)

    def __init__(self):
        self.calls = []

    def find(self, files):
        self.calls.append(files)
        return [file for file in files if file != "empty"]

    def list_boxes(self, found):
        return [[[0, 0, 1, 1]] for _ in found]

    def cut(self, found):
        return found

    def embed(self, faces):
        return np.zeros((len(faces), 2))


def test_photos_go_through_the_stages_in_calls_of_a_size():
    contestant = Invented()

    told = worker.measure(contestant, ["a", "empty", "b"], 2)

    assert contestant.calls == [["a", "empty"], ["b"]]
    assert told["faces"] == 2
    assert told["boxes"] == [[[0, 0, 1, 1]]] * 2
    assert told["peak"] is None
    assert told["memory"] > 2**20
    parts = {name: told["seconds"].pop(name) for name in Contestant.stages}
    assert told["seconds"] == {"together": sum(parts.values())}


def test_a_way_of_its_own_is_timed_by_itself(monkeypatch):
    class Streaming(Invented):
        def answer(self, files):
            self.calls.append(("answer", *files))

    contestant = Streaming()
    clock = SimpleNamespace(perf_counter=count().__next__)  # each look takes 1 s
    monkeypatch.setattr(worker, "time", clock)

    told = worker.measure(contestant, ["a", "b"], 1)

    assert contestant.calls == [["a"], ["b"], ("answer", "a"), ("answer", "b")]
    stages = dict.fromkeys(Contestant.stages, 2)
    assert told["seconds"] == stages | {"together": 1}


def test_a_detector_has_no_way_to_embeddings():
    class Detector(Invented):
        stages = ("find",)

    told = worker.measure(Detector(), ["a"], 1)

    assert list(told["seconds"]) == ["find"]
    assert told["faces"] == 0


def test_of_overlapping_boxes_of_a_group_the_best_is_kept():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 5, 10, 15], [0, 0, 10, 10]])
    scores = np.array([0.6, 0.9, 0.5, 0.7])
    groups = np.array([0, 0, 0, 1])

    # 90 of 100 pixels are common to the first two, 40 of 150 to the second and third.
    kept = suppress(boxes.astype(np.float32), scores, groups, 0.5)

    assert kept.tolist() == [1, 3, 2]


def test_no_boxes_leave_none():
    kept = suppress(np.empty((0, 4)), np.empty(0), np.empty(0), 0.5)

    assert kept.dtype == np.int64
    assert kept.shape == (0,)

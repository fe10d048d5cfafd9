import json
import sys

import numpy as np
from benchmarks.contestants import (
    CONTESTANTS,
    compare_embeddings,
    list_skipped,
    make_command,
)

BY_NAME = {one.name: one for one in CONTESTANTS}


def test_names_are_unique_and_each_network_has_one_original():
    assert len(BY_NAME) == len(CONTESTANTS)
    originals = [one.network for one in CONTESTANTS if one.is_original]
    assert sorted(originals) == ["dlib_resnet", "facenet"]


def test_ours_run_here_and_competitors_in_their_own_environment(tmp_path):
    ours = make_command(BY_NAME["ours, facenet, bfloat16"], tmp_path, "theirs")
    other = make_command(BY_NAME["facenet-pytorch"], tmp_path, "theirs")

    worker = ["-m", "benchmarks.competitors.worker"]
    options = {"folder": str(tmp_path), "encoder": "facenet", "precision": "bfloat16"}
    assert ours[:4] == [sys.executable, *worker, "ours"]
    assert json.loads(ours[4]) == options
    assert other[:4] == ["theirs", *worker, "facenet_pytorch_package"]
    assert json.loads(other[4]) == {"weights": str(tmp_path / "facenet.pt")}


def test_nobody_is_skipped_where_everything_is_there():
    assert (
        list_skipped(CONTESTANTS, has_bfloat16=True, competitors=sys.executable) == {}
    )


def test_those_who_cannot_run_are_named_with_a_reason(tmp_path):
    missing = str(tmp_path / "python")

    skipped = list_skipped(CONTESTANTS, has_bfloat16=False, competitors=missing)

    emulated = "this processor has no bfloat16 and would emulate it"
    nowhere = f"no Python at {missing}; run make benchmark"
    assert skipped == {
        "ours, dlib_resnet, bfloat16": emulated,
        "face_recognition (dlib)": nowhere,
        "ours, facenet, bfloat16": emulated,
        "facenet-pytorch": nowhere,
    }


class Invented:
    """Leaves a vector in the file that it is asked for."""

    def __init__(self, vector):
        self.vector = vector

    def ask(self, question, faces, target):
        assert question == "embed"
        self.faces = faces
        np.save(target, self.vector)


def test_embeddings_are_compared_with_the_originals_of_their_network(tmp_path):
    vectors = {
        "ours, dlib_resnet, float32": [0.5, 0.25],
        "face_recognition (dlib)": [0.5, 0.5],
        "ours, facenet, float32": [1.0, 0.0],  # without its original
    }
    workers = {name: Invented(vector) for name, vector in vectors.items()}

    differences = compare_embeddings(workers, CONTESTANTS, tmp_path)

    assert differences == {"ours, dlib_resnet, float32": 0.25}
    assert workers["face_recognition (dlib)"].faces == str(tmp_path / "150.npy")
    assert workers["ours, facenet, float32"].faces == str(tmp_path / "182.npy")

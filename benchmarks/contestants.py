"""Who is compared, and what they need: encoders, invented weights, aligned faces."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from benchmarks.machine import ROOT
from benchmarks.processes import ENVIRONMENT, Worker
from PIL import Image

COMPETITORS = ROOT / ".venv" / "benchmark" / "bin" / "python"
FACENET_WEIGHTS = "facenet.pt"
# Network -> side of the aligned faces on which encoders must agree.
SIDES = {"dlib_resnet": 150, "facenet": 182}
ALIGNED_FACES = 32


class Contestant(NamedTuple):
    """How to start a contestant.

    Attributes:
        name: name in the table.
        module: module in benchmarks/competitors.
        network: network of its encoder, or None.
        precision: precision of its encoder.
        is_ours: whether it runs in this project's environment.
        is_original: whether the other encoders of this network should equal its own.
    """

    name: str
    module: str
    network: str | None
    precision: str = "float32"
    is_ours: bool = True
    is_original: bool = False


CONTESTANTS = (
    Contestant("ours, dlib_resnet, float32", "ours", "dlib_resnet"),
    Contestant("ours, dlib_resnet, bfloat16", "ours", "dlib_resnet", "bfloat16"),
    Contestant(
        *("face_recognition (dlib)", "face_recognition_package", "dlib_resnet"),
        is_ours=False,
        is_original=True,
    ),
    Contestant("ours, facenet, float32", "ours", "facenet"),
    Contestant("ours, facenet, bfloat16", "ours", "facenet", "bfloat16"),
    Contestant(
        *("facenet-pytorch", "facenet_pytorch_package", "facenet"),
        is_ours=False,
        is_original=True,
    ),
    Contestant("mtcnn", "mtcnn_package", None),
)


def make_command(one: Contestant, folder: Path, competitors: str) -> list[str]:
    """Give the command that runs a contestant."""
    options = {}
    if one.module == "ours":
        options = {
            "folder": str(folder),
            "encoder": one.network,
            "precision": one.precision,
        }
    elif one.network == "facenet":
        options = {"weights": str(folder / FACENET_WEIGHTS)}
    python = sys.executable if one.is_ours else competitors
    worker = "benchmarks.competitors.worker"
    return [python, "-m", worker, one.module, json.dumps(options)]


def prepare(folder: Path) -> dict[str, Any]:
    """Leave FaceNet's invented weights, our encoders and aligned faces in a folder.

    Returns:
        See `competitors.ours.build_encoders`.
    """
    sys.path.append(str(ROOT / "tests" / "stand_ins"))
    import facenet_files

    from lfw17_kedro.datasets.face_sources import SOURCES

    (folder / FACENET_WEIGHTS).write_bytes(facenet_files.make_state_dict())
    faces = SOURCES["orl"](height=50, width=50).train_images[:ALIGNED_FACES]
    for side in SIDES.values():
        images = [
            Image.fromarray(face.astype(np.uint8)).resize((side, side)).convert("RGB")
            for face in faces.reshape(-1, 50, 50)
        ]
        np.save(folder / f"{side}.npy", np.stack([np.asarray(face) for face in images]))
    command = [sys.executable, "-m", "benchmarks.competitors.ours", str(folder)]
    done = subprocess.run(  # noqa: S603 (our own)
        command,
        cwd=ROOT,
        env=ENVIRONMENT,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    built: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return built


def list_skipped(
    contestants: Sequence[Contestant], has_bfloat16: bool, competitors: str
) -> dict[str, str]:
    """Say which contestants cannot run here, and why."""
    skipped = {}
    for one in contestants:
        if one.precision == "bfloat16" and not has_bfloat16:
            skipped[one.name] = "this processor has no bfloat16 and would emulate it"
        elif not one.is_ours and not Path(competitors).exists():
            skipped[one.name] = f"no Python at {competitors}; run make benchmark"
    return skipped


def compare_embeddings(
    workers: Mapping[str, Worker], contestants: Sequence[Contestant], folder: Path
) -> dict[str, float]:
    """Give the greatest difference of each encoder's embeddings from the original's."""
    embeddings: dict[str, Any] = {}
    for one in contestants:
        if one.network and one.name in workers:
            target = folder / f"{len(embeddings)}-embeddings.npy"
            faces = folder / f"{SIDES[one.network]}.npy"
            workers[one.name].ask("embed", faces=str(faces), target=str(target))
            embeddings[one.name] = np.load(target)
    originals = {
        one.network: embeddings[one.name]
        for one in contestants
        if one.is_original and one.name in embeddings
    }
    return {
        one.name: float(np.abs(embeddings[one.name] - originals[one.network]).max())
        for one in contestants
        if one.network in originals and one.name in embeddings and not one.is_original
    }

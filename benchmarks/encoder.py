"""Compare the encoders with those they come from: speed, memory, agreement.

    make benchmark

FaceNet runs on invented weights of the real size, from both kinds of file. Each encoder
runs in a process of its own, on the same aligned ORL faces, in batches of 64; only dlib
takes one face at a time. facenet-pytorch wants NumPy 1 and so another environment: name
its Python with --pytorch.

Prints a table: faces per second (the fastest round), peak memory of the process (with
TensorFlow, PyTorch or dlib in it) and the greatest difference between embeddings of
those that should be equal.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np

# facenet-pytorch's environment has none of ours: import here what any Python has.

ROOT = Path(__file__).parents[1]
BATCH = 64
# Name -> side of the aligned faces; the first of each group that runs is what the
# others should equal.
GROUPS = (
    {"dlib-bin": 150, "dlib_resnet": 150},
    {"facenet-pytorch": 182, "facenet (.pt)": 182, "facenet (.pb)": 182},
)
Embed = Callable[[Any], Any]


def prepare(folder: Path, count: int) -> None:
    """Leave aligned faces, weights and saved encoders in a folder."""
    sys.path.append(str(ROOT / "tests" / "stand_ins"))
    import facenet_files
    from PIL import Image

    from lfw17_kedro.datasets import EncoderDataset, WeightsDataset
    from lfw17_kedro.datasets.face_sources import SOURCES
    from lfw17_kedro.encoders import dlib_resnet
    from lfw17_kedro.encoders.facenet import build_facenet
    from lfw17_kedro.types import EncoderOptions, WeightsFile

    images = SOURCES["orl"](height=50, width=50).train_images
    photos = images[np.arange(count) % len(images)].reshape(-1, 50, 50)
    for side in {side for group in GROUPS for side in group.values()}:
        faces = [
            Image.fromarray(photo.astype(np.uint8)).resize((side, side)).convert("RGB")
            for photo in photos
        ]
        np.save(folder / f"{side}.npy", np.stack([np.asarray(face) for face in faces]))

    arrays = facenet_files.sample_state_dict()
    state_dict = facenet_files.write_state_dict(arrays)
    (folder / facenet_files.STATE_DICT).write_bytes(state_dict)
    read_weights = WeightsDataset(filepath=str(folder)).load()
    encoders = {"dlib_resnet": dlib_resnet.build(read_weights, EncoderOptions())}
    for name, file, content in (
        ("facenet (.pt)", facenet_files.STATE_DICT, state_dict),
        (
            "facenet (.pb)",
            facenet_files.FROZEN_GRAPH,
            facenet_files.make_frozen_graph(arrays),
        ),
    ):
        checksum = facenet_files.sha256(content)
        encoders[name] = build_facenet(WeightsFile(file, content), checksum, "fixed")
    for name, encoder in encoders.items():
        EncoderDataset(filepath=f"{folder}/{name}").save(encoder)


def load_ours(folder: Path, name: str) -> Embed:
    """Load an encoder as a run of the pipeline has it."""
    from lfw17_kedro.datasets import EncoderDataset
    from lfw17_kedro.faces.embed import embed_faces

    encoder = EncoderDataset(filepath=f"{folder}/{name}").load()

    def embed(faces: Any) -> Any:
        starts = range(0, len(faces), BATCH)
        batches = [faces[start : start + BATCH] for start in starts]
        return np.concatenate([embed_faces(batch, encoder, False) for batch in batches])

    return embed


def load_dlib() -> Embed:
    """Load dlib's own network."""
    import dlib

    from lfw17_kedro.datasets.packaged import find_packaged
    from lfw17_kedro.encoders.dlib_resnet import WEIGHTS

    file = find_packaged(WEIGHTS.package, WEIGHTS.resource, WEIGHTS.distribution)
    network = dlib.face_recognition_model_v1(str(file))

    def embed(faces: Any) -> Any:
        vectors = np.array([network.compute_face_descriptor(face) for face in faces])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return embed


def load_facenet_pytorch(folder: Path) -> Embed:
    """Load facenet-pytorch's network, without the torchvision its __init__ wants."""
    spec = find_spec("facenet_pytorch")
    if spec is None:
        raise ImportError("facenet-pytorch is not installed; see --pytorch")
    package = ModuleType("facenet_pytorch")
    package.__path__ = list(spec.submodule_search_locations or [])
    sys.modules["facenet_pytorch"] = package
    import torch
    from facenet_pytorch.models.inception_resnet_v1 import InceptionResnetV1

    [file] = folder.glob("*.pt")
    network = InceptionResnetV1(classify=True, num_classes=8631).eval()
    network.load_state_dict(torch.load(file, weights_only=True))
    network.classify = False

    def embed(faces: Any) -> Any:
        batches = []
        for start in range(0, len(faces), BATCH):
            batch = faces[start : start + BATCH, 11:171, 11:171].transpose(0, 3, 1, 2)
            images = (torch.from_numpy(batch.copy()).float() - 127.5) / 128
            with torch.inference_mode():
                batches.append(network(images).numpy())
        return np.concatenate(batches)

    return embed


def measure(folder: Path, name: str, side: int, rounds: int) -> dict[str, Any]:
    """Embed the faces with one encoder, keep the embeddings, say speed and memory."""
    faces = np.load(folder / f"{side}.npy")
    try:
        if name == "dlib-bin":
            embed, faces = load_dlib(), faces[:BATCH]
        elif name == "facenet-pytorch":
            embed = load_facenet_pytorch(folder)
        else:
            embed = load_ours(folder, name)
    except ImportError as error:
        return {"skipped": str(error)}
    embed(faces[:BATCH])  # warms up
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        embeddings = embed(faces)
        seconds.append(time.perf_counter() - start)
    np.save(folder / f"{name}.npy", embeddings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {"speed": len(faces) / min(seconds), "memory": peak / unit}


def run_self(python: str, *arguments: object) -> str:
    """Run this file in a process of its own; give what it prints."""
    command = [python, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout  # noqa: S603 (our own)


def make_table(folder: Path, options: argparse.Namespace) -> Any:
    """Measure every encoder, one after the other, and lay out the table."""
    from rich.table import Table

    table = Table(
        title=f"{options.faces} faces, the fastest of {options.rounds} rounds"
    )
    table.add_column("encoder")
    for column in ("faces/s", "peak MiB", "difference"):
        table.add_column(column, justify="right")
    for group in GROUPS:
        reference = None
        for name, side in group.items():
            python = options.pytorch if name == "facenet-pytorch" else sys.executable
            told = run_self(
                python, "--measure", folder, name, side, "--rounds", options.rounds
            )
            result = json.loads(told.splitlines()[-1])
            if "skipped" in result:
                table.add_row(name, f"skipped: {result['skipped']}", "", "")
                continue
            vectors = np.load(folder / f"{name}.npy")
            if reference is None:
                reference, shown = vectors, "(reference)"
            else:
                both = min(len(vectors), len(reference))
                shown = f"{np.abs(vectors[:both] - reference[:both]).max():.1e}"
            cells = (f"{result['speed']:.1f}", f"{result['memory']:.0f}", shown)
            table.add_row(name, *cells)
        table.add_section()
    return table


def main() -> None:
    """Prepare, measure each encoder in a process of its own, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--pytorch", default=sys.executable, help="a Python with facenet-pytorch"
    )
    parser.add_argument("--prepare", help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare:
        return prepare(Path(options.prepare), options.faces)
    if options.measure:
        folder, name, side = options.measure
        print(json.dumps(measure(Path(folder), name, int(side), options.rounds)))
        return None
    from rich.console import Console

    with TemporaryDirectory() as folder:
        run_self(sys.executable, "--prepare", folder, "--faces", options.faces)
        Console().print(make_table(Path(folder), options))
    return None


if __name__ == "__main__":
    main()

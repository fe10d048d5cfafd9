"""Read weights, networks and checkpoints from bytes."""

from pathlib import Path
from typing import Any

from tests.fuzz import seeds
from tests.fuzz.zip_format import unpack


def read_dlib(data: bytes, _: Path) -> Any:
    from lfw17_kedro.encoders.dlib_resnet import read_layers

    return read_layers(data)


def read_torch(data: bytes, _: Path) -> Any:
    from lfw17_kedro.encoders.torch_weights import read_state_dict

    return read_state_dict(data, "net.pt")


def read_graph(data: bytes, _: Path) -> Any:
    from lfw17_kedro.encoders.frozen_graph import read_constants

    return read_constants(data, "net.pb")


def read_facenet(data: bytes, _: Path) -> Any:
    from lfw17_kedro.encoders.facenet import read_frozen_graph

    return read_frozen_graph(data, "net.zip")


def read_encoder(data: bytes, folder: Path) -> Any:
    import numpy as np

    from lfw17_kedro.datasets import EncoderDataset

    encoder = EncoderDataset(filepath=str(unpack(data, folder))).load()
    return encoder.network(np.zeros((1, 4, 4, 3), np.uint8)) if encoder else None


def read_checkpoint(data: bytes, _: Path) -> Any:
    from lfw17_kedro.training.checkpoint_file import parse_checkpoint

    return parse_checkpoint(data, seeds.FINGERPRINT, seeds.make_variables())

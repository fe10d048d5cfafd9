import numpy as np
import pytest
from make_dlib_resnet import GOLDEN, make_chips
from PIL import Image

from lfw17_kedro.datasets import EncoderDataset, WeightsDataset
from lfw17_kedro.encoders.dlib_resnet import (
    WEIGHTS,
    build_dlib_resnet,
    build_network,
    read_layers,
)
from lfw17_kedro.encoders.registry import build_encoder
from lfw17_kedro.types import EncoderOptions

read_weights = WeightsDataset(filepath="unused").load()


@pytest.fixture(scope="module")
def weights() -> bytes:
    return read_weights(WEIGHTS).content


def test_embeddings_equal_those_of_dlib(weights, tmp_path):
    import json

    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))
    dataset.save(build_encoder("dlib_resnet", read_weights, EncoderOptions()))
    encoder = dataset.load()

    embeddings = encoder(make_chips())

    assert embeddings.dtype == np.float32
    expected = json.loads(GOLDEN.read_text())["embeddings"]
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    assert encoder.card == build_dlib_resnet(weights).card


def test_bfloat16_embeds_nearly_alike(few_faces):
    photos = few_faces.train_images.reshape(-1, 50, 37).astype(np.uint8)
    chips = np.stack([enlarge(photo) for photo in photos])
    encoders = [
        build_encoder("dlib_resnet", read_weights, EncoderOptions(precision=precision))
        for precision in ("float32", "bfloat16")
    ]

    exact, near = (encoder(chips) for encoder in encoders)

    assert near.dtype == np.float32
    assert not np.array_equal(near, exact)
    assert (near * exact).sum(axis=1).min() > 0.9999
    assert [encoder.card.precision for encoder in encoders] == ["float32", "bfloat16"]
    fingerprints = [encoder.card.fingerprint for encoder in encoders]
    assert fingerprints[1] == fingerprints[0] + "/bfloat16"


def enlarge(photo):
    return np.asarray(Image.fromarray(photo).resize((150, 150)).convert("RGB"))


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

    with pytest.raises(
        ValueError, match="64 numbers in place of the 4736 numbers of a convolution"
    ):
        build_network(layers[1:])
    with pytest.raises(ValueError, match="got the end of the file in place of the 327"):
        build_network(layers[:-1])
    with pytest.raises(ValueError, match="1 layers too many; the file is damaged"):
        build_network([*layers, layers[-1]])


def write_ints(*values):
    """Write integers as dlib does: a control byte, then the bytes."""
    written = b""
    for value in values:
        size = max(1, (abs(value).bit_length() + 7) // 8)
        control = size | (0x80 if value < 0 else 0)
        written += bytes([control]) + abs(value).to_bytes(size, "little")
    return written


def test_layer_is_read_by_hand():
    numbers = np.arange(6, dtype="<f4")
    layer = b"xx" + b"fc_2" + write_ints(3, 2, 2, 3, 2, 1, 1) + numbers.tobytes()

    first, second = read_layers(layer + b"con_4" + write_ints(2, 1, 1, 1, 2) + bytes(8))

    np.testing.assert_array_equal(first, numbers)
    np.testing.assert_array_equal(second, [0, 0])


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"con_4", "no integer at byte 5"),
        (b"con_4" + write_ints(2, 1)[:-1], "no integer at byte 7"),
        (b"con_4" + b"\x00" * 9, "no integer at byte 5"),
        (b"con_4" + b"\x0f" + b"\x01" * 90, "no integer at byte 5"),
        # a layer that ends before it begins was read for ever
        (b"con_4" + write_ints(2, -4, 1, 1, 1), r"format 2 and sizes \[-4, 1, 1, 1\]"),
        (b"con_4" + write_ints(2, -4, -1, 1, 1) + bytes(16), r"sizes \[-4, -1, 1, 1\]"),
        (b"con_4" + write_ints(2, 0, 1, 1, 1), r"sizes \[0, 1, 1, 1\]"),
        (b"con_4" + write_ints(3, 1, 1, 1, 1) + bytes(4), "a tensor of format 3"),
        (
            b"con_4" + write_ints(2, *[2**62] * 4),
            r"a layer of \d+ numbers before 0 byt",
        ),
        (b"con_4" + write_ints(2, 2, 1, 1, 1) + bytes(7), "2 numbers before 7 bytes"),
        (
            (b"con_4" + write_ints(2, 1, 1, 1, 1) + bytes(4)) * 1001,
            "more than 1000 layers",
        ),
    ],
)
def test_damaged_layers_are_refused(data, found):
    with pytest.raises(
        ValueError, match=f"dlib_resnet: .*got .*{found}.*; .*install or download it"
    ):
        read_layers(data)


def test_file_cut_anywhere_gives_fewer_layers_or_an_error(weights):
    for size in np.random.default_rng(0).integers(0, len(weights), 50):
        try:
            assert len(read_layers(weights[:size])) < 59
        except ValueError as error:
            assert "the file is damaged" in str(error)


def test_own_copy_of_the_file_must_be_the_published_one(tmp_path):
    copy = tmp_path / "copy.dat"
    copy.write_bytes(b"another file")

    with pytest.raises(ValueError, match=r"SHA-256 55533b28.*got 12 bytes"):
        build_encoder("dlib_resnet", read_weights, EncoderOptions(weights=str(copy)))

import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import EncoderDataset
from lfw17_kedro.types import Encoder, EncoderCard

CARD = EncoderCard(
    name="mean",
    alignment="similarity",
    size=4,
    dimension=3,
    licence="CC0-1.0",
    weights_sha256="ab" * 32,
    template=((1.0, 2.0), (3.0, 4.0)),
)


def make_encoder() -> Encoder:
    import keras

    faces = keras.Input((4, 4, 3), dtype="uint8")
    x = keras.layers.Rescaling(1.0)(faces)
    means = keras.layers.GlobalAveragePooling2D()(x)
    return Encoder(CARD, keras.Model(faces, means))


def test_encoder_comes_back_with_its_card(tmp_path):
    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))

    dataset.save(make_encoder())
    encoder = dataset.load()

    assert encoder.card == CARD
    assert encoder.card.fingerprint == "mean@abababababab"
    for faces in (1, 5):  # any number of them
        np.testing.assert_allclose(
            encoder(np.full((faces, 4, 4, 3), [1, 2, 3], np.uint8)),
            [[1, 2, 3]] * faces,
        )


def test_missing_or_broken_encoder_says_what_to_run(tmp_path):
    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))
    with pytest.raises(DatasetError, match="expected the card .*builds the encoder ag"):
        dataset.load()

    dataset.save(make_encoder())
    (tmp_path / "encoder" / "saved_model.pb").write_bytes(b"half")
    with pytest.raises(DatasetError, match="expected an encoder .*builds the encoder"):
        dataset.load()


def test_loaded_encoder_is_not_saved_again(tmp_path):
    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))
    dataset.save(make_encoder())

    with pytest.raises(DatasetError, match="network is a Keras model, got function"):
        dataset.save(dataset.load())

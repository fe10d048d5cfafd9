import hashlib

import numpy as np
import pytest

from lfw17_kedro.encoders import inception_v3
from lfw17_kedro.encoders.inception_v3 import FILE, MD5, build_inception_v3
from lfw17_kedro.encoders.registry import BACKBONES


@pytest.fixture
def trusted(weights_file, monkeypatch):
    """Take the invented weights for the published ones."""
    md5 = hashlib.md5(weights_file.read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr(inception_v3, "MD5", md5)


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    """Weights of a randomly initialised network, in a file as Keras publishes them."""
    import keras

    file = tmp_path_factory.mktemp("weights") / "notop.weights.h5"
    keras.utils.set_random_seed(0)
    network = keras.applications.InceptionV3(include_top=False, weights=None)
    network.save_weights(file)
    return file


@pytest.mark.usefixtures("trusted")
def test_local_weights_and_preprocessing_are_the_networks_own(weights_file):
    import keras

    network = BACKBONES["inception_v3"](None, 80, 75, str(weights_file))
    images = np.random.default_rng(0).integers(0, 256, (2, 80, 75, 3), np.uint8)

    features = network(images, training=False)

    plain = keras.applications.InceptionV3(
        include_top=False, weights=str(weights_file), input_shape=(80, 75, 3)
    )
    preprocess = keras.applications.inception_v3.preprocess_input
    expected = plain(preprocess(images.astype(np.float32)), training=False)
    assert features.shape == (2, 1, 1, 2048)
    np.testing.assert_allclose(features, expected, atol=1e-4)


def test_weights_that_cannot_be_downloaded_say_what_to_do(monkeypatch):
    import keras

    def refuse(*args, **kwargs):
        raise Exception("URL fetch failure on ...: Network is unreachable")

    monkeypatch.setattr(
        keras.applications.inception_v3, "InceptionV3", refuse, raising=False
    )
    monkeypatch.setattr(keras.applications, "InceptionV3", refuse)

    with pytest.raises(OSError, match=FILE) as error:
        build_inception_v3(None, 75, 75)

    for part in (
        "https://",
        "88 MB",
        "unreachable",
        "efficientnet_lite0",
        "option weights",
    ):
        assert part in str(error.value)


def test_checksum_is_that_of_keras():
    import inspect

    from keras.src.applications import inception_v3 as published

    assert f'file_hash="{MD5}"' in inspect.getsource(published)


def test_missing_or_wrong_file_is_named(tmp_path):
    with pytest.raises(OSError, match=r"no such file: .*none\.h5"):
        build_inception_v3(str(tmp_path / "none.h5"), 75, 75)

    wrong = tmp_path / "wrong.h5"
    wrong.write_bytes(b"not weights")
    with pytest.raises(
        ValueError,
        match=rf"weights of {FILE} with MD5 {MD5} in .*wrong\.h5, got 11 bytes with",
    ):
        build_inception_v3(str(wrong), 75, 75)


def test_small_images_are_refused():
    with pytest.raises(ValueError, match="at least 75x75 pixels, got 50x37"):
        build_inception_v3(None, 50, 37)

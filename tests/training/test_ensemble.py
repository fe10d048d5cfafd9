import keras
import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.pipelines.scratch_cnn.architectures import build_resnet
from lfw17_kedro.training.ensemble import (
    derive_seed,
    join_networks,
    predict,
    train_networks,
)

SETTINGS = {"widths": [4], "blocks": [0], "dense": 8, "dropout": 0.5}


def softmax(logits):
    powers = np.exp(np.asarray(logits))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture
def views():
    rng = np.random.default_rng(0)
    return {
        "original": rng.uniform(0, 255, (2, 10, 8, 1)).astype("float32"),
        "aligned": rng.uniform(0, 255, (2, 9, 9, 1)).astype("float32"),
    }


def build_networks(*names):
    keras.utils.set_random_seed(0)
    sizes = {"original": (10, 8), "aligned": (9, 9)}
    return [(name, build_resnet(*sizes[name], 3, **SETTINGS)) for name in names]


def test_average_is_over_networks_views_and_mirror_images(views):
    networks = build_networks("original", "original", "aligned")

    model = join_networks(networks, test_time_flip=True)

    assert [one.name for one in model.inputs] == ["original", "aligned"]
    expected = [
        softmax(network(images))
        for view, network in networks
        for images in (views[view], views[view][:, :, ::-1])
    ]
    np.testing.assert_allclose(
        predict(model, views), np.mean(expected, axis=0), atol=1e-6
    )


def test_images_of_another_kind_are_refused(views):
    model = join_networks(build_networks("aligned"), test_time_flip=False)

    for given in ({"original": views["original"]}, {"aligned": views["original"]}):
        with pytest.raises(ValueError, match="features: expected images of the shapes"):
            predict(model, given)


def test_one_network_stays_as_it_is(views):
    [(_, network)] = networks = build_networks("aligned")

    model = join_networks(networks, test_time_flip=False)

    expected = softmax(network(views["aligned"]))
    np.testing.assert_allclose(predict(model, views), expected, atol=1e-6)


def test_joined_networks_are_saved_with_the_names_of_their_views(views, tmp_path):
    model = join_networks(build_networks("aligned", "original"), test_time_flip=True)

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)

    np.testing.assert_array_equal(predict(loaded, views), predict(model, views))


def test_networks_are_trained_one_after_the_other(tmp_path):
    def train(view, seed, folder):
        return f"{view} {seed}", pd.DataFrame({"folder": [folder.name] * 2})

    views = ["original", "original", "aligned"]
    networks, history = train_networks(views, train, 5, tmp_path)

    assert networks == [
        (view, f"{view} {derive_seed(5, n)}") for n, view in enumerate(views)
    ]
    assert history["network"].tolist() == [0, 0, 1, 1, 2, 2]
    assert history["folder"].tolist() == [f"network_{n}" for n in (0, 0, 1, 1, 2, 2)]


def test_networks_of_an_ensemble_have_seeds_of_their_own():
    seeds = [derive_seed(seed, index) for seed in (0, 666) for index in range(3)]

    assert len(set(seeds)) == 6
    assert seeds == [
        derive_seed(seed, index) for seed in (0, 666) for index in range(3)
    ]
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_rows_of_probabilities_sum_to_one_in_float64():
    class Rounded:
        inputs = (keras.Input((2, 2, 1), name="original"),)

        def predict(self, images, batch_size, verbose):
            return np.array([[1.0, 3.0]], np.float32) / np.float32(4.0000005)

    probabilities = predict(Rounded(), {"original": np.zeros((1, 2, 2, 1))})

    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities, [[0.25, 0.75]], rtol=1e-7)
    assert probabilities.sum() == 1

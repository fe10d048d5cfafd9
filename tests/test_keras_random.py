import time
from concurrent.futures import ThreadPoolExecutor

import keras
import pytest

from lfw17_kedro.keras_random import seed_training
from lfw17_kedro.pipelines.transfer_learning.networks import resize_backbone
from lfw17_kedro.precision import use_policy


def draw_seeds(count=5):
    """Make layers with dropout, slowly, and give the seeds that they drew."""
    seeds = []
    for _ in range(count):
        state = keras.layers.Dropout(0.5).seed_generator.state
        seeds.append(keras.ops.convert_to_numpy(state).tolist())
        time.sleep(0.01)
    return seeds


def train(seed):
    with seed_training(seed):
        return draw_seeds()


def build(_):
    with use_policy("float32"):
        draw_seeds()


def resize(network):
    for side in (8, 9, 10):
        resize_backbone(network, side, side)


@pytest.mark.parametrize("others", [None, build, resize])
def test_a_training_draws_the_same_numbers_beside_other_threads(others, caplog):
    caplog.set_level("INFO")
    images = keras.Input((8, 8, 3))
    network = keras.Model(images, keras.layers.Conv2D(2, 3)(images))
    alone = [train(1), train(2)]

    with ThreadPoolExecutor() as pool:
        first = pool.submit(train, 1)
        if others:
            pool.submit(others, network)
        second = pool.submit(train, 2)

    assert [first.result(), second.result()] == alone
    assert alone[0] != alone[1]
    assert "Waiting for the network that another thread trains or makes." in caplog.text

import time
from concurrent.futures import ThreadPoolExecutor

import keras
import pytest

from lfw17_kedro.keras_random import seed_training
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


@pytest.mark.parametrize("others", ["train", "build"])
def test_a_training_draws_the_same_numbers_beside_other_threads(others):
    alone = [train(1), train(2)]

    def build():
        with use_policy("float32"):
            draw_seeds()

    with ThreadPoolExecutor() as pool:
        first = pool.submit(train, 1)
        if others == "build":
            pool.submit(build)
        second = pool.submit(train, 2)

    assert [first.result(), second.result()] == alone
    assert alone[0] != alone[1]

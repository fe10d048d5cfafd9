import numpy as np
import pytest
from benchmarks.training_step import (
    IMAGES,
    Training,
    build_trainings,
    measure,
    parse_options,
    profile,
)


def test_each_view_is_measured_at_the_sizes_of_the_settings():
    trainings = list(build_trainings("base", ["scratch_cnn"]))

    assert [one.name for one in trainings] == [
        ("scratch_cnn", "original"),
        ("scratch_cnn", "aligned"),
    ]
    assert trainings[0].images.shape == (IMAGES, 50, 37, 1)
    assert trainings[1].images.shape == (IMAGES, 48, 48, 1)
    assert trainings[0].settings["batch_size"] == 32


def test_a_step_is_measured_and_its_operations_are_listed():
    import keras

    network = keras.Sequential(
        [keras.Input((8, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(7)]
    )
    settings = {
        "augmentation": None,
        "optimizer": {
            "name": "sgd",
            "learning_rate": 0.1,
            "weight_decay": 0.0,
            "warmup": 0.0,
        },
    }
    images = np.zeros((IMAGES, 8, 6, 1), np.float32)
    training = Training(("net", "original"), images, network, "float32", settings)

    row, operations = measure(training, 256, rounds=1)

    assert row[:5] == ["net", "original", "8x6", "float32", "256"]
    assert min(float(one) for one in row[5:]) > 0
    assert any(name.endswith("MatMul") for name, *_ in operations)


def test_operations_are_counted_by_their_kind(tmp_path):
    import tensorflow as tf

    numbers = tf.ones((64, 64))

    @tf.function
    def multiply():
        return tf.linalg.matmul(tf.linalg.matmul(numbers, numbers), numbers)

    multiply()
    times, counts = profile(lambda: [multiply() for _ in range(3)], tmp_path)

    [kind] = [one for one in counts if one.endswith("MatMul")]  # oneDNN's or not
    assert counts[kind] == 6
    assert times[kind] > 0


@pytest.mark.parametrize(
    "words", [["--rounds", "0"], ["--batch-sizes", "0"], ["--batch-sizes", "513"]]
)
def test_options_that_cannot_be_measured_are_refused(words, capsys):
    with pytest.raises(SystemExit):
        parse_options(words)
    assert "--batch-sizes: 1 to 512" in capsys.readouterr().err

import numpy as np
import pytest

from lfw17_kedro.training.fast_layers import copy_for_training

IMAGES = np.random.default_rng(0).uniform(-3, 5, (6, 5, 4, 2)).astype(np.float32)
MOMENTUM = 0.8


def make_network(**options):
    """Batch norm of a map and of features: (N, 5, 4, 2) -> (N, 3)."""
    import keras

    keras.utils.set_random_seed(3)
    layers = [
        keras.layers.BatchNormalization(momentum=MOMENTUM, **options),
        keras.layers.Flatten(),
        keras.layers.Dense(3),
        keras.layers.BatchNormalization(momentum=MOMENTUM, **options),
    ]
    network = keras.Sequential([keras.Input(IMAGES.shape[1:]), *layers])
    rng = np.random.default_rng(1)
    network.set_weights([rng.uniform(0.5, 2, w.shape) for w in network.get_weights()])
    return network


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}])
def test_fused_network_computes_what_keras_does(options):
    network = make_network(**options)

    fused = copy_for_training(network)

    for training in (False, True):
        expected = network(IMAGES, training=training)
        np.testing.assert_allclose(
            fused(IMAGES, training=training), expected, rtol=1e-4, atol=1e-5
        )
    assert [w.path for w in fused.weights] == [w.path for w in network.weights]


def test_moving_averages_follow_the_batch():
    network = make_network()
    _, _, mean, variance = network.layers[0].get_weights()
    fused = copy_for_training(network)

    fused(IMAGES, training=True)

    axes, kept = (0, 1, 2), 1 - MOMENTUM
    moved = fused.layers[0].get_weights()[2:]
    expected_mean = mean + kept * (IMAGES.mean(axes) - mean)
    expected_variance = variance + kept * (IMAGES.var(axes, ddof=1) - variance)
    np.testing.assert_allclose(moved[0], expected_mean, rtol=1e-5)
    np.testing.assert_allclose(moved[1], expected_variance, rtol=1e-5)
    assert network.layers[0].get_weights()[2].tolist() == mean.tolist()


def test_frozen_batch_norm_stays_as_it_is():
    network = make_network()
    network.layers[0].trainable = False
    fused = copy_for_training(network)
    before = fused.layers[0].get_weights()

    fused(IMAGES, training=True)

    for ours, theirs in zip(fused.layers[0].get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_batch_norm_in_bfloat16_keeps_its_averages_in_float32():
    network = make_network(dtype="mixed_bfloat16")

    fused = copy_for_training(network)

    assert fused(IMAGES, training=True).dtype == "bfloat16"
    assert {w.dtype for w in fused.weights} == {"float32"}


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 1e-6), ("bfloat16", 0.01)]
)
def test_leaky_relu_and_its_gradient_are_kerass(dtype, tolerance):
    import keras
    import tensorflow as tf

    leaky = keras.layers.LeakyReLU(0.1, dtype=dtype)
    network = keras.Sequential([keras.Input(IMAGES.shape[1:]), leaky])
    copied = copy_for_training(network)
    assert type(copied.layers[0]) is not type(leaky)

    images = tf.constant(IMAGES)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(images)
        expected, found = network(images), copied(images)
    np.testing.assert_allclose(
        tf.cast(found, "float32"), tf.cast(expected, "float32"), rtol=tolerance
    )
    np.testing.assert_allclose(
        tape.gradient(found, images), tape.gradient(expected, images), rtol=tolerance
    )

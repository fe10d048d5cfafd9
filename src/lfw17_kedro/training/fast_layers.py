"""Layers that compute what Keras's do, but train faster and repeatably.

Batch norm comes from TensorFlow's fused kernels, the leaky ReLU from those of the ReLU.

Keras 3 composes batch norm of a dozen operations. On CPUs one fused kernel makes a step
of EfficientNet-Lite0 about a quarter shorter. And TensorFlow's graph optimizer rewrites
those dozens of small operations differently from process to process: sums differ in
their last bits, and training amplifies that. With fused kernels it repeats.

The gradient of TensorFlow's leaky ReLU in bfloat16 takes a seventh of a step of
`scratch_cnn` on CPUs, that of its ReLU a fiftieth (`make benchmark-step`).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

VECTORS = 2  # dimensions of (N, D)


def copy_for_training(network: "keras.Model") -> "keras.Model":
    """Copy a network for training, with faster layers.

    The copy has the same weights in the same order, and only it needs this module: the
    original, given the trained weights, stays a network that plain Keras loads.

    Args:
        network: its batch norm is over the last axis of (N, D) or (N, H, W, D).

    Returns:
        The copy. Its moving variances are of samples (divided by n - 1), as in
        TensorFlow 1 and PyTorch; Keras 3 divides by n.
    """
    import keras
    import tensorflow as tf

    # mypy sees Keras's layers as Any.
    class Fused(keras.layers.BatchNormalization):  # type: ignore[misc]
        def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            learning = bool(training and self.trainable)
            maps = inputs[:, None, None] if len(inputs.shape) == VECTORS else inputs
            moving = self.moving_mean, self.moving_variance
            fixed = (None, None) if learning else map(tf.convert_to_tensor, moving)
            width = inputs.shape[-1:]
            outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                maps,
                tf.convert_to_tensor(self.gamma) if self.scale else tf.ones(width),
                tf.convert_to_tensor(self.beta) if self.center else tf.zeros(width),
                *fixed,
                epsilon=self.epsilon,
                is_training=learning,
            )
            if learning:
                for average, seen in zip(moving, (mean, variance), strict=True):
                    average.assign_sub((average - seen) * (1 - self.momentum))
            return tf.reshape(outputs, tf.shape(inputs))

    class Leaky(keras.layers.LeakyReLU):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            slope = self.negative_slope
            return slope * inputs + (1 - slope) * tf.nn.relu(inputs)

    faster: dict[Any, Any] = {
        keras.layers.BatchNormalization: Fused,
        keras.layers.LeakyReLU: Leaky,
    }

    def copy(layer: "keras.layers.Layer") -> "keras.layers.Layer":
        kind = faster.get(type(layer), type(layer))
        return kind.from_config(layer.get_config())

    copied = keras.models.clone_model(network, clone_function=copy)
    copied.set_weights(network.get_weights())
    return copied

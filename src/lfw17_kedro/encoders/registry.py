"""The encoders of faces and the ImageNet backbones, by name.

To add one, write a module with a function `build` in a file of its own and give it a
line here. Such a module imports TensorFlow and Keras inside its functions, so that
importing this registry is fast.
"""

from collections.abc import Callable
from dataclasses import replace

from lfw17_kedro.encoders import (
    dlib_resnet,
    efficientnet_lite0,
    facenet,
    inception_v3,
)
from lfw17_kedro.precision import POLICIES, choose_precision, use_policy
from lfw17_kedro.types import Encoder, EncoderOptions, Network, ReadWeights

BuildEncoder = Callable[[ReadWeights, EncoderOptions], Encoder]
BuildBackbone = Callable[[ReadWeights, int, int, str | None], Network]
"""Reader of weights, height and width of the images, path of the weights or None."""

ENCODERS: dict[str, BuildEncoder] = {
    "dlib_resnet": dlib_resnet.build,
    "facenet": facenet.build,
}
BACKBONES: dict[str, BuildBackbone] = {
    "efficientnet_lite0": efficientnet_lite0.build,
    "inception_v3": inception_v3.build,
}


def build_encoder(
    name: str, read_weights: ReadWeights, options: EncoderOptions
) -> Encoder:
    """Build an encoder in the precision of its options.

    Args:
        name: a key of `ENCODERS`.
        read_weights: reads published weights; those of other encoders are not read.
        options: of that encoder.

    Raises:
        ValueError: an option that the encoder does not have, or weights that are not
            the expected ones.
    """
    precision = choose_precision(options.precision)
    with use_policy(POLICIES[precision]):
        encoder = ENCODERS[name](read_weights, options)
    return replace(encoder, card=replace(encoder.card, precision=precision))


def compile_encoder(encoder: Encoder) -> Encoder:
    """Make one graph of an encoder that was built, for faces in batches of any size.

    Called as it is, a Keras model runs layer by layer.
    """
    import tensorflow as tf

    side = encoder.card.size
    faces = tf.TensorSpec((None, side, side, 3), tf.uint8)
    graph = tf.function(encoder.network, input_signature=[faces])
    return replace(encoder, network=graph)

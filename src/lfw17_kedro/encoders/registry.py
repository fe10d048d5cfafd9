"""The encoders of faces and the ImageNet backbones, by name.

To add one, write a module with a function `build` in a file of its own and give it a
line here. Such a module imports TensorFlow and Keras inside its functions, so that
importing this registry is fast.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

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


class EncoderEntry(NamedTuple):
    """How to build an encoder.

    Attributes:
        build: builds it.
        options: fields of `EncoderOptions` that it uses, besides `precision`.
    """

    build: BuildEncoder
    options: tuple[str, ...] = ()


ENCODERS: dict[str, EncoderEntry] = {
    "dlib_resnet": EncoderEntry(dlib_resnet.build, ("weights",)),
    "facenet": EncoderEntry(facenet.build, ("weights", "sha256", "standardisation")),
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
    if problem := find_unused(name, options._asdict()):
        option, advice = problem
        raise ValueError(
            f"encoder_options.{option}: expected {advice}, got "
            f"{getattr(options, option)!r}."
        )
    precision = choose_precision(options.precision)
    with use_policy(POLICIES[precision]):
        encoder = ENCODERS[name].build(read_weights, options)
    return replace(encoder, card=replace(encoder.card, precision=precision))


def find_unused(name: str, options: Mapping[str, object]) -> tuple[str, str] | None:
    """Find an option that is given and that the encoder would ignore.

    Args:
        name: a key of `ENCODERS`.
        options: the fields of `EncoderOptions`.

    Returns:
        The option, and what it must be instead; None if all are used.
    """
    used = (*ENCODERS[name].options, "precision")
    for option, value in options.items():
        if value is None or option in used:
            continue
        takers = [other for other, one in ENCODERS.items() if option in one.options]
        advice = f"null with the encoder {name}, which does not use it"
        return option, advice + (f" ({' or '.join(takers)} does)" if takers else "")
    return None


def compile_encoder(encoder: Encoder) -> Encoder:
    """Make one graph of an encoder that was built, for faces in batches of any size.

    Called as it is, a Keras model runs layer by layer.
    """
    import tensorflow as tf

    side = encoder.card.size
    faces = tf.TensorSpec((None, side, side, 3), tf.uint8)
    graph = tf.function(encoder.network, input_signature=[faces])
    return replace(encoder, network=graph)

import subprocess
import sys

import numpy as np
import pytest

from lfw17_kedro.encoders import registry
from lfw17_kedro.encoders.registry import EncoderEntry, build_encoder, compile_encoder
from lfw17_kedro.types import Encoder, EncoderCard, EncoderOptions


def test_registry_takes_no_time_to_import():
    script = (
        "import sys; from lfw17_kedro.encoders.registry import BACKBONES, ENCODERS; "
        "print(*ENCODERS, *BACKBONES, "
        "{'tensorflow', 'keras', 'mtcnn', 'h5py', 'pandas'} & set(sys.modules))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout == (
        "dlib_resnet facenet efficientnet_lite0 inception_v3 set()\n"
    )


@pytest.mark.parametrize(
    ("name", "option", "takers"),
    [
        ("dlib_resnet", "sha256", "facenet does"),
        ("dlib_resnet", "standardisation", "facenet does"),
        ("blocks", "weights", "dlib_resnet or facenet does"),
    ],
)
def test_options_that_an_encoder_would_ignore_are_refused(
    monkeypatch, name, option, takers
):
    entry = EncoderEntry(build=None)  # is not asked
    monkeypatch.setitem(registry.ENCODERS, "blocks", entry)

    with pytest.raises(ValueError) as refused:
        build_encoder(name, None, EncoderOptions(**{option: "x"}))

    assert str(refused.value) == (
        f"encoder_options.{option}: expected null with the encoder {name}, which does "
        f"not use it ({takers}), got 'x'."
    )


def test_compiled_encoder_embeds_as_the_one_that_was_built():
    import keras

    traced = []

    @keras.saving.register_keras_serializable()
    class Counted(keras.layers.Layer):
        def call(self, faces):
            traced.append(1)
            return keras.ops.cast(faces, "float32") / 255

    faces = keras.Input((4, 4, 3), dtype="uint8")
    x = keras.layers.Flatten()(Counted()(faces))
    outputs = keras.layers.UnitNormalization()(keras.layers.Dense(5)(x))
    card = EncoderCard("tiny", "box", 4, 5, "CC0-1.0", "0" * 64, margin=0)
    built = Encoder(card, keras.Model(faces, outputs))
    rng = np.random.default_rng(0)
    batches = [rng.integers(0, 256, (n, 4, 4, 3), np.uint8) for n in (1, 3, 2, 7)]
    expected = [built(batch) for batch in batches]

    compiled = compile_encoder(built)
    traced.clear()
    embeddings = [compiled(batch) for batch in batches]

    assert compiled.card == built.card
    for one, other in zip(embeddings, expected, strict=True):
        assert (one.dtype, one.shape) == (np.float32, other.shape)
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert len(traced) == 1  # one graph for batches of any size


def test_compiled_encoder_refuses_faces_of_another_size():
    card = EncoderCard("tiny", "box", 4, 5, "CC0-1.0", "0" * 64, margin=0)
    compiled = compile_encoder(Encoder(card, lambda faces: faces[:, 0, 0]))

    assert compiled(np.ones((2, 4, 4, 3), np.uint8)).shape == (2, 3)
    for wrong in (np.ones((2, 5, 4, 3), np.uint8), np.ones((4, 4, 3), np.uint8)):
        with pytest.raises((TypeError, ValueError)):
            compiled(wrong)

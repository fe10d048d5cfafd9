"""Networks that once crashed, grew or ran something."""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.fuzz import seeds
from tests.fuzz.crashers.parts import DEEP, Crashers, make_zips
from tests.fuzz.zip_format import read_zip, write_zip


def make_keras() -> Crashers:
    """Code inside a model, and archives that do not open."""
    good = seeds.make_keras()[0]
    files = dict(read_zip(good))

    def swap(**contents: bytes) -> bytes:
        return write_zip([*{**files, **contents}.items()])

    def call(module: str, name: str) -> bytes:
        config = {
            "module": module,
            "class_name": name,
            "config": {"command": "touch ran"},
        }
        config |= {"registered_name": None}
        return swap(**{"config.json": json.dumps(config).encode()})

    weights = files["model.weights.h5"]
    zips = make_zips(good)
    return {name: zips[name] for name in ("encrypted", "method", "cut", "empty")} | {
        "os-system": call("os", "system"),
        "subprocess": call("subprocess", "Popen"),
        "lambda": _save_lambda(),
        "config-deep": swap(**{"config.json": b"[" * DEEP}),
        "config-list": swap(**{"config.json": b"[]"}),
        "config-binary": swap(**{"config.json": b"\xff" * 2500}),
        "weights-cut": swap(**{"model.weights.h5": weights[:2000]}),
        "weights-text": swap(**{"model.weights.h5": b"text"}),
        "no-weights": write_zip([("config.json", files["config.json"])]),
    }


def _save_lambda() -> bytes:
    """Save a model with a function of its own inside."""
    import keras

    faces = keras.Input((4, 4, 3))
    model = keras.Model(faces, keras.layers.Lambda(lambda x: x + 1)(faces))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def make_encoders() -> Crashers:
    """A SavedModel that writes a file, and damaged ones."""
    import tensorflow as tf

    files = dict(read_zip(seeds.make_encoders()[0]))

    class Writer(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 4, 4, 3), tf.uint8)])
        def serve(self, faces: Any) -> Any:
            tf.io.write_file("ran", "x")
            return tf.cast(faces[:, 0, 0], tf.float32)

    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(Writer(), folder)
        made = dict(read_zip(seeds.pack_folder(Path(folder))))

    def swap(name: str, content: bytes) -> bytes:
        return write_zip([*{**files, name: content}.items()])

    return {
        "write-file": write_zip(
            [*made.items(), ("encoder.json", files["encoder.json"])]
        ),
        "graph-empty": swap("saved_model.pb", b""),
        "graph-text": swap("saved_model.pb", b"\xff" * 100),
        "index-cut": swap("variables/variables.index", b"\x00" * 60),
        "data-cut": swap("variables/variables.data-00000-of-00001", b""),
        "card-deep": swap("encoder.json", b"[" * DEEP),
        "card-binary": swap("encoder.json", b"\xff" * 2500),
    }

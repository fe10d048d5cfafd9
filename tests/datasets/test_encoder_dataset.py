import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import EncoderDataset
from lfw17_kedro.types import Encoder, EncoderCard

CARD = EncoderCard(
    name="mean",
    alignment="similarity",
    size=4,
    dimension=3,
    licence="CC0-1.0",
    weights_sha256="ab" * 32,
    template=((1.0, 2.0), (3.0, 4.0)),
)


def make_encoder() -> Encoder:
    import keras

    faces = keras.Input((4, 4, 3), dtype="uint8")
    x = keras.layers.Rescaling(1.0)(faces)
    means = keras.layers.GlobalAveragePooling2D()(x)
    return Encoder(CARD, keras.Model(faces, means))


def test_encoder_comes_back_with_its_card(tmp_path):
    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))

    dataset.save(make_encoder())
    encoder = dataset.load()

    assert encoder.card == CARD
    assert encoder.card.fingerprint == "mean@abababababab"
    for faces in (1, 5):  # any number of them
        np.testing.assert_allclose(
            encoder(np.full((faces, 4, 4, 3), [1, 2, 3], np.uint8)),
            [[1, 2, 3]] * faces,
        )


def test_nodes_share_the_network_until_the_folder_changes(tmp_path):
    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))
    dataset.save(make_encoder())

    first, again = dataset.load(), dataset.load()
    assert again.network is first.network

    variables = tmp_path / "encoder" / "variables" / "variables.index"
    variables.write_bytes(b"half")
    with pytest.raises(DatasetError, match="expected an encoder"):
        dataset.load()
    dataset.save(make_encoder())
    face = np.full((1, 4, 4, 3), [1, 2, 3], np.uint8)
    np.testing.assert_allclose(dataset.load()(face), [[1, 2, 3]])


def test_missing_or_broken_encoder_says_what_to_run(tmp_path):
    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))
    with pytest.raises(DatasetError, match="expected the card .*builds the encoder ag"):
        dataset.load()

    dataset.save(make_encoder())
    (tmp_path / "encoder" / "saved_model.pb").write_bytes(b"half")
    with pytest.raises(DatasetError, match="expected an encoder .*builds the encoder"):
        dataset.load()


def test_loaded_encoder_is_not_saved_again(tmp_path):
    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))
    dataset.save(make_encoder())

    with pytest.raises(DatasetError, match="network is a Keras model, got function"):
        dataset.save(dataset.load())


def save_module(folder, function, signature):
    """Save a SavedModel whose `serve` is a function, with a card beside it."""
    import tensorflow as tf

    EncoderDataset(filepath=str(folder)).save(make_encoder())
    card = (folder / "encoder.json").read_bytes()
    module = tf.Module()
    module.serve = tf.function(function, input_signature=[signature])
    tf.saved_model.save(module, str(folder))
    (folder / "encoder.json").write_bytes(card)


@pytest.mark.parametrize(
    "operation", ["ReadFile", "WriteFile", "SaveV2", "EagerPyFunc"]
)
def test_a_graph_that_does_more_than_compute_is_never_loaded(tmp_path, operation):
    import tensorflow as tf

    file = tmp_path / "written"
    file.write_bytes(b"secret")

    def act(faces):
        means = tf.reduce_mean(tf.cast(faces, tf.float32), (1, 2))
        if operation == "ReadFile":
            return means + tf.cast(
                tf.strings.length(tf.io.read_file(str(file))), tf.float32
            )
        if operation == "EagerPyFunc":
            return tf.py_function(lambda x: x, [means], tf.float32)
        if operation == "SaveV2":
            tf.raw_ops.SaveV2(
                prefix=str(file),
                tensor_names=["x"],
                shape_and_slices=[""],
                tensors=[means],
            )
        else:
            tf.io.write_file(str(file), "overwritten")
        return means

    folder = tmp_path / "encoder"
    save_module(folder, act, tf.TensorSpec((None, 4, 4, 3), tf.uint8))

    with pytest.raises(
        DatasetError, match=rf"expected an encoder .*it uses .*{operation}.*, which is"
    ):
        EncoderDataset(filepath=str(folder)).load()
    assert file.read_bytes() == b"secret"


def test_a_graph_without_serve_is_refused(tmp_path):
    import tensorflow as tf

    folder = tmp_path / "encoder"
    save_module(folder, lambda faces: faces, tf.TensorSpec((None,), tf.float32))
    graph = folder / "saved_model.pb"
    graph.write_bytes(graph.read_bytes().replace(b"serve", b"other"))

    with pytest.raises(DatasetError, match="expected an encoder .*builds the encoder"):
        EncoderDataset(filepath=str(folder)).load()


def test_a_graph_of_tensorflow_1_is_refused(tmp_path):
    import tensorflow as tf
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    folder = tmp_path / "encoder"
    save_module(folder, tf.identity, tf.TensorSpec((None,), tf.float32))
    graph = folder / "saved_model.pb"
    saved = SavedModel.FromString(graph.read_bytes())
    saved.meta_graphs[0].ClearField("object_graph_def")
    graph.write_bytes(saved.SerializeToString())

    with pytest.raises(DatasetError, match="it is no SavedModel of TensorFlow 2"):
        EncoderDataset(filepath=str(folder)).load()


def test_an_object_that_is_no_function_or_variable_is_refused(tmp_path):
    import tensorflow as tf

    folder, names = tmp_path / "encoder", tmp_path / "names.txt"
    names.write_text("a\nb\n")
    save_module(folder, tf.identity, tf.TensorSpec((None,), tf.float32))
    module = tf.Module()
    module.names = tf.saved_model.Asset(str(names))
    module.serve = tf.function(
        tf.identity, input_signature=[tf.TensorSpec((None,), tf.float32)]
    )
    card = (folder / "encoder.json").read_bytes()
    tf.saved_model.save(module, str(folder))
    (folder / "encoder.json").write_bytes(card)

    with pytest.raises(DatasetError, match="it uses asset, which is not among"):
        EncoderDataset(filepath=str(folder)).load()

import io
import zipfile
from pathlib import Path

import facenet_files
import numpy as np
import pytest

from lfw17_kedro.datasets import EncoderDataset
from lfw17_kedro.encoders.facenet import WEIGHTS, build_facenet, prewhiten
from lfw17_kedro.encoders.registry import ENCODERS
from lfw17_kedro.types import EncoderOptions, WeightsFile

PB, PT, ZIP = (
    facenet_files.FROZEN_GRAPH,
    facenet_files.STATE_DICT,
    "20180402-114759.zip",
)
sha256 = facenet_files.sha256


@pytest.fixture(scope="module")
def graph() -> bytes:
    return facenet_files.make_frozen_graph()


@pytest.fixture(scope="module")
def faces():
    """Three faces of random tiles, one of them nearly flat."""
    tiles = np.random.default_rng(3).integers(0, 256, (3, 14, 14, 3))
    tiles[2] = 100 + tiles[2] % 2
    return tiles.repeat(13, axis=1).repeat(13, axis=2).astype(np.uint8)


def build(name, content, **options):
    return build_facenet(WeightsFile(name, content), sha256(content), **options)


def test_options_choose_file_and_standardisation(graph):
    options = EncoderOptions("my/net.pb", sha256(graph), "fixed")
    asked = []

    def read_weights(weights):
        asked.append(weights)
        return WeightsFile("net.pb", graph)

    card = ENCODERS["facenet"](read_weights, options).card

    assert asked == [Path("my/net.pb")]
    assert card.fingerprint == f"facenet@{sha256(graph)[:12]}/fixed"
    with pytest.raises(ValueError, match="net.pb: .*SHA-256 bf2c12f3"):
        ENCODERS["facenet"](read_weights, EncoderOptions())
    assert asked[1] is WEIGHTS


def save_and_load(encoder, tmp_path):
    dataset = EncoderDataset(filepath=str(tmp_path / "encoder"))
    dataset.save(encoder)
    return dataset.load()


def standardise_like_the_study(face):
    """Standardise as facenet.py of davidsandberg/facenet does: prewhiten, then crop."""
    face = face.astype(np.float64)
    std = np.maximum(np.std(face), 1 / np.sqrt(face.size))
    return ((face - np.mean(face)) / std)[11:171, 11:171]


def run_session(graph, images):
    """Embed standardised images with the graph itself, as the study did."""
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef.FromString(graph)
    with tf.Graph().as_default() as whole:
        tf.graph_util.import_graph_def(definition, name="")
        anywhere = tf.compat.v1.ConfigProto(allow_soft_placement=True)
        with tf.compat.v1.Session(graph=whole, config=anywhere) as session:
            feeds = {"input:0": images, "phase_train:0": False}
            return session.run("embeddings:0", feeds)


def test_frozen_graph_embeds_as_in_the_study(graph, faces, tmp_path):
    encoder = save_and_load(build(PB, graph), tmp_path)

    embeddings = encoder(faces)

    images = np.stack([standardise_like_the_study(face) for face in faces])
    np.testing.assert_allclose(
        embeddings, run_session(graph, images), rtol=0, atol=1e-6
    )
    assert embeddings.shape == (3, 512)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    assert np.abs(embeddings[0] - embeddings[1]).max() > 1e-3  # of 1e-6 above
    card = encoder.card
    assert (card.alignment, card.size, card.margin) == ("box", 182, 44)
    assert card.fingerprint == f"facenet@{sha256(graph)[:12]}/prewhiten"


def test_fixed_standardisation_is_the_other_choice(graph, faces, tmp_path):
    encoder = save_and_load(build(PB, graph, standardisation="fixed"), tmp_path)

    images = (faces[:, 11:171, 11:171] - 127.5) / 128
    np.testing.assert_allclose(
        encoder(faces), run_session(graph, images), rtol=0, atol=1e-6
    )
    assert encoder.card.fingerprint != build(PB, graph).card.fingerprint
    assert encoder.card.fingerprint.endswith("/fixed")


def test_prewhiten_by_hand():
    faces = np.zeros((2, 2, 2, 3), np.uint8)
    faces[0, 0], faces[1] = 4, 9  # mean 2, std 2; then a flat one

    whitened = np.asarray(prewhiten(faces))

    np.testing.assert_allclose(whitened[0, 0], 1, rtol=1e-6)
    np.testing.assert_allclose(whitened[0, 1], -1, rtol=1e-6)
    np.testing.assert_allclose(whitened[1], 0)


def test_zip_and_graph_inside_are_one_encoder(graph, faces):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("20180402-114759/model-20180402-114759.meta", "training")
        archive.writestr("20180402-114759/20180402-114759.pb", graph)

    encoder = build(ZIP, file.getvalue())

    expected = build(PB, graph)
    assert encoder.card == expected.card
    np.testing.assert_array_equal(encoder(faces), expected(faces))


def test_both_files_of_the_real_size_embed_alike(faces, tmp_path):
    arrays = facenet_files.sample_state_dict()
    frozen = build(PB, facenet_files.freeze_inception_resnet_v1(arrays))
    state_dict = facenet_files.write_state_dict(arrays)

    encoder = save_and_load(
        build(PT, state_dict, standardisation="prewhiten"), tmp_path
    )

    embeddings = encoder(faces)
    np.testing.assert_allclose(embeddings, frozen(faces), rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    assert encoder.card.fingerprint == f"facenet@{sha256(state_dict)[:12]}/prewhiten"
    assert len(state_dict) > 4 * 23e6
    network = state_dict[:-1]
    with pytest.raises(ValueError, match=rf"{PT}: .*got {len(network)} bytes that can"):
        build(PT, network)


def test_state_dict_with_an_unknown_key_is_refused():
    arrays = facenet_files.sample_state_dict() | {
        "block9.bias": np.zeros(3, np.float32)
    }

    with pytest.raises(ValueError, match=r"no place for 1 parameters .*block9\.bias"):
        build(PT, facenet_files.write_state_dict(arrays))


@pytest.mark.parametrize(
    ("name", "expected"),
    [(ZIP, "669f37d3"), (PB, "bf2c12f3"), (PT, "281cebca")],
)
def test_only_the_published_files_are_taken_unless_told(graph, name, expected):
    with pytest.raises(
        ValueError,
        match=rf"{name}: .* SHA-256 {expected}.*, got {len(graph)} bytes .*"
        "give its SHA-256 in the option sha256",
    ):
        build_facenet(WeightsFile(name, graph))


def test_graph_with_other_tensor_names_is_refused():
    graph = facenet_files.make_frozen_graph(output="features")

    with pytest.raises(ValueError, match=rf"{PB}: expected the .*missing: embeddings,"):
        build(PB, graph)


def embed_narrow(images):
    """Embed in three dimensions."""
    import tensorflow as tf

    return tf.reduce_mean(images, axis=[1, 2])


def embed_with_another_input(images):
    """Embed with a number that nobody gives."""
    import tensorflow as tf

    return facenet_files.embed_little(images) * tf.compat.v1.placeholder(tf.float32, [])


@pytest.mark.parametrize("network", [embed_narrow, embed_with_another_input])
def test_graph_of_another_network_is_refused(network):
    graph = facenet_files.make_frozen_graph(network)

    with pytest.raises(ValueError, match=r"to embeddings:0 \(n, 512\) .*, got another"):
        build(PB, graph)


def test_graph_whose_embeddings_are_no_unit_vectors_is_refused():
    graph = facenet_files.make_frozen_graph(unit=False)

    with pytest.raises(ValueError, match=r"got another: embeddings of L2 norm \d"):
        build(PB, graph)


def test_truncated_files_are_refused(graph):
    with pytest.raises(ValueError, match=rf"{PB}: .* {len(graph) - 9} bytes that are"):
        build(PB, graph[:-9])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("20180402-114759.pb", graph)
    for content in (file.getvalue()[:-9], file.getvalue()[: len(graph) // 2]):
        with pytest.raises(ValueError, match="expected a zip with one .pb file, got"):
            build(ZIP, content)


def test_damaged_or_other_zip_is_refused(graph):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("20180402-114759.pb", graph)
    damaged = bytearray(file.getvalue())
    damaged[len(graph) // 2] ^= 1
    with pytest.raises(ValueError, match="zip with one .pb file, .*CRC"):
        build(ZIP, bytes(damaged))
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(ValueError, match="a zip with 0 .pb files"):
        build(ZIP, empty.getvalue())


def test_other_suffixes_and_standardisations_are_refused(graph):
    with pytest.raises(
        ValueError, match="in .zip, .pb, .pt, got 'net.h5'.*option weig"
    ):
        build("net.h5", graph)
    with pytest.raises(ValueError, match="prewhiten, fixed or null, got 'none'"):
        build(PB, graph, standardisation="none")

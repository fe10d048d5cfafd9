import io
import zipfile
from pathlib import Path

import facenet_files
import numpy as np
import pytest

from lfw17_kedro.datasets import EncoderDataset
from lfw17_kedro.encoders.facenet import (
    WEIGHTS,
    build_facenet,
    prewhiten,
    read_frozen_graph,
)
from lfw17_kedro.encoders.frozen_graph import MAX_BYTES
from lfw17_kedro.encoders.registry import build_encoder
from lfw17_kedro.types import EncoderOptions, WeightsFile

PB, PT, ZIP = (
    facenet_files.FROZEN_GRAPH,
    facenet_files.STATE_DICT,
    "20180402-114759.zip",
)
sha256 = facenet_files.sha256


@pytest.fixture(scope="module")
def arrays():
    return facenet_files.sample_state_dict()


@pytest.fixture(scope="module")
def graph(arrays) -> bytes:
    return facenet_files.make_frozen_graph(arrays)


@pytest.fixture(scope="module")
def encoder(graph):
    return build(PB, graph)


@pytest.fixture(scope="module")
def faces():
    """Three faces of random tiles, one of them nearly flat."""
    tiles = np.random.default_rng(3).integers(0, 256, (3, 14, 14, 3))
    tiles[2] = 100 + tiles[2] % 2
    return tiles.repeat(13, axis=1).repeat(13, axis=2).astype(np.uint8)


def build(name, content, **options):
    return build_facenet(WeightsFile(name, content), sha256(content), **options)


def test_options_choose_file_and_standardisation(graph, faces):
    options = EncoderOptions("my/net.pb", sha256(graph), "fixed")
    asked = []

    def read_weights(weights):
        asked.append(weights)
        return WeightsFile("net.pb", graph)

    encoder = build_encoder("facenet", read_weights, options)

    assert asked == [Path("my/net.pb")]
    assert encoder.card.fingerprint == f"facenet@{sha256(graph)[:12]}/fixed"
    images = (faces[:, 11:171, 11:171] - 127.5) / 128
    np.testing.assert_allclose(
        encoder(faces), run_session(graph, images), rtol=0, atol=1e-6
    )
    with pytest.raises(ValueError, match="net.pb: .*SHA-256 bf2c12f3"):
        build_encoder("facenet", read_weights, EncoderOptions())
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


def test_frozen_graph_embeds_as_in_the_study(encoder, graph, faces, tmp_path):
    embeddings = save_and_load(encoder, tmp_path)(faces)

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


def test_prewhiten_by_hand():
    faces = np.zeros((2, 2, 2, 3), np.uint8)
    faces[0, 0], faces[1] = 4, 9  # mean 2, std 2; then a flat one

    whitened = np.asarray(prewhiten(faces))

    np.testing.assert_allclose(whitened[0, 0], 1, rtol=1e-6)
    np.testing.assert_allclose(whitened[0, 1], -1, rtol=1e-6)
    np.testing.assert_allclose(whitened[1], 0)


def zip_graph(graph):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("20180402-114759/model-20180402-114759.meta", "training")
        archive.writestr("20180402-114759/20180402-114759.pb", graph)
    return file.getvalue()


def test_zip_and_graph_inside_are_one_encoder(encoder, graph):
    assert read_frozen_graph(zip_graph(graph), ZIP) == graph
    assert build(ZIP, zip_graph(graph)).card == encoder.card


def test_both_files_embed_alike(encoder, arrays, faces):
    state_dict = facenet_files.write_state_dict(arrays)
    other = build(PT, state_dict, standardisation="prewhiten")

    embeddings = other(faces)

    np.testing.assert_allclose(embeddings, encoder(faces), rtol=0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    assert other.card.fingerprint == f"facenet@{sha256(state_dict)[:12]}/prewhiten"
    assert len(state_dict) > 4 * 23e6
    network = state_dict[:-1]
    with pytest.raises(ValueError, match=rf"{PT}: .*got {len(network)} bytes that can"):
        build(PT, network)


def test_state_dict_with_an_unknown_key_is_refused(arrays):
    arrays = arrays | {"block9.bias": np.zeros(3, np.float32)}

    with pytest.raises(
        ValueError, match=rf"{PT}: .*no place for 1 parameters .*block9\.bias"
    ):
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


def test_graph_of_another_network_is_refused(graph):
    other = graph.replace(b"Conv2d_2a_3x3/weights", b"Conv2d_2z_3x3/weights")

    with pytest.raises(
        ValueError,
        match=rf"{PB}: facenet needs the parameter InceptionResnetV1/Conv2d_2a_3x3/wei",
    ):
        build(PB, other)


def test_damaged_files_are_refused(graph):
    with pytest.raises(ValueError, match=rf"{PB}: .* {len(graph) - 9} bytes that are"):
        build(PB, graph[:-9])
    whole = zip_graph(b"graph")
    damaged = whole.replace(b"graph", b"grapf")
    for content in (whole[:-9], whole[: len(whole) // 2], damaged, b""):
        with pytest.raises(
            ValueError,
            match=rf"{ZIP}: expected a zip with one .pb file, got {len(content)} bytes",
        ):
            build(ZIP, content)


def test_zip_without_a_graph_is_refused():
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(ValueError, match="a zip with 0 .pb files; use the published"):
        build(ZIP, empty.getvalue())


def test_graph_that_expands_without_end_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.pb", bytes(MAX_BYTES + 1))

    with pytest.raises(ValueError, match=f"expand to {MAX_BYTES + 1} bytes, more than"):
        read_frozen_graph(file.getvalue(), ZIP)


def test_other_suffixes_and_standardisations_are_refused(graph):
    with pytest.raises(
        ValueError, match="in .zip, .pb, .pt, got 'net.h5'.*option weig"
    ):
        build("net.h5", graph)
    with pytest.raises(ValueError, match="prewhiten, fixed or null, got 'none'"):
        build(PB, graph, standardisation="none")

import hashlib
import io
import secrets
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from changed_code import change_code
from PIL import Image

from lfw17_kedro.encoders.registry import BACKBONES
from lfw17_kedro.pipelines.transfer_learning.features import (
    pool_features,
    write_records,
)
from lfw17_kedro.pipelines.transfer_learning.networks import (
    attach_head,
    build_head,
    resize_backbone,
    unfreeze_layers,
)
from lfw17_kedro.pipelines.transfer_learning.nodes import fit
from lfw17_kedro.pipelines.transfer_learning.records import decode_records
from lfw17_kedro.pipelines.transfer_learning.settings import TransferLearningSettings
from lfw17_kedro.reporting.figures import plot_learning
from lfw17_kedro.training.ensemble import predict
from lfw17_kedro.types import Features, Record

CONF = Path(__file__).parents[2] / "conf" / "base" / "parameters_transfer_learning.yml"
BASE = yaml.safe_load(CONF.read_text())["transfer_learning"]
QUICK = {
    "recipes": {"short": {"batch_size": 8, "fine_tuning_epochs": 1}},
    "training": {"head": {"epochs": 5}},
}


class Jpgs(dict):
    """Jpg photos in memory, as `Photos` gives their bytes."""

    def read_bytes(self, photo_id):
        return self[photo_id]


def make_backbone(height=8, width=6):
    """A convolution with batch norm: (N, 8, 6, 3) -> (N, 8, 6, 4)."""
    import keras

    keras.utils.set_random_seed(0)
    images = keras.Input((height, width, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(images)
    return keras.Model(images, keras.layers.BatchNormalization()(x))


def make_jpg(grey):
    file = io.BytesIO()
    Image.new("L", (30, 40), grey).save(file, "JPEG")
    return file.getvalue()


def test_records_hold_the_photos_and_come_back_in_any_order():
    train = Jpgs({"Ann/1": make_jpg(10), "Bob/2": make_jpg(20)})
    table = pd.DataFrame({"id": ["Bob/2", "Ann/1"], "label": [1, 0]})
    test_table = pd.DataFrame({"id": ["0"], "label": [-1]})

    splits = write_records(train, table, Jpgs({"0": make_jpg(40)}), test_table)
    records = {split: list(found) for split, found in splits.items()}

    assert [r.photo_id for r in records["train"]] == ["Bob/2", "Ann/1"]
    assert records["train"][0].jpg == train["Bob/2"]
    assert records["train"][0][2:] == (40, 30, 1)
    assert records["test"][0].label == -1
    images = decode_records(records["train"], ["Ann/1", "Bob/2"], 20, 15)
    assert images.shape == (2, 20, 15, 3)
    assert images.dtype == np.uint8
    assert images.mean(axis=(1, 2, 3)).round().tolist() == [10, 20]


def test_photos_of_other_tables_are_refused():
    photos, table = Jpgs({"0": make_jpg(1)}), pd.DataFrame({"id": ["0"], "label": [0]})
    other = table.assign(id="1")

    with pytest.raises(
        ValueError, match=r"training photos of the 1 images .* \(for example '0'"
    ):
        write_records(photos, other, photos, table)
    with pytest.raises(
        ValueError, match=r"test photos of the 1 images .* \(for example '0'"
    ):
        write_records(photos, table, photos, other)


def test_records_of_other_photos_are_refused():
    record = Record("a", make_jpg(10), 40, 30, 0)

    with pytest.raises(ValueError, match="a record of 'a' too many"):
        decode_records([record], ["b"], 20, 15)
    with pytest.raises(ValueError, match="a record of 'a' too many"):
        decode_records([record, record], ["a"], 20, 15)
    with pytest.raises(ValueError, match=r"none of 1 \(for example 'b'\)"):
        decode_records([record], ["a", "b"], 20, 15)


def test_features_are_the_backbones_averages():
    backbone = make_backbone()
    images = np.random.default_rng(0).integers(0, 256, (70, 8, 6, 3), np.uint8)

    features = pool_features(backbone, images)

    expected = np.asarray(backbone(images.astype(np.float32))).mean(axis=(1, 2))
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-3)


def test_backbone_sees_images_of_another_size():
    backbone = make_backbone()
    images = np.random.default_rng(0).uniform(0, 255, (1, 12, 10, 3)).astype("float32")

    resized = resize_backbone(backbone, 12, 10)
    small = backbone(images[:, :8, :6])

    # away from the edges a pixel's features do not depend on the size
    np.testing.assert_allclose(
        resized(images)[:, 1:7, 1:5], small[:, 1:7, 1:5], rtol=1e-5, atol=1e-4
    )


def test_attached_head_gives_the_logits_it_was_trained_to():
    backbone, head = make_backbone(), build_head(4, 3)
    before = backbone.get_weights()
    images = np.random.default_rng(0).uniform(0, 255, (5, 8, 6, 3)).astype("float32")

    resized = resize_backbone(backbone, 8, 6)
    network = attach_head(resized, head, dropout=0.5, head_lr_multiplier=5.0)

    logits = head(pool_features(backbone, images))
    np.testing.assert_allclose(network(images), logits, rtol=1e-4, atol=1e-3)
    network.layers[1].set_weights([np.zeros_like(w) for w in before[:2]])
    for ours, theirs in zip(backbone.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_head_is_attached_to_a_backbone_of_another_process():
    """Keras starts its names afresh there: "rescaling", "dropout"."""
    import keras

    keras.backend.clear_session()
    images = keras.Input((8, 6, 3))
    scaled = keras.layers.Dropout(0.1)(keras.layers.Rescaling(1 / 255)(images))
    backbone = keras.Model(images, keras.layers.Conv2D(4, 3)(scaled))
    keras.backend.clear_session()

    network = attach_head(backbone, build_head(4, 3), 0.5, head_lr_multiplier=5.0)

    assert network.output_shape == (None, 3)


@pytest.mark.parametrize(
    ("layers", "learn"), [(None, 3), (0, 0), (1, 1), (2, 2), (99, 3)]
)
def test_last_layers_learn(layers, learn):
    network = attach_head(make_backbone(), build_head(4, 3), 0.0, 1.0)

    unfreeze_layers(network, layers)

    weighted = [layer for layer in network.layers if layer.weights]
    expected = [False] * (3 - learn) + [True] * learn
    assert [layer.trainable for layer in weighted] == expected


@pytest.fixture
def fit_images(tmp_path):
    """Retrain on 16 images of two people, with a batch size and epochs."""
    backbone = make_backbone()
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 6, 3), np.uint8)
    table = pd.DataFrame({"id": range(16), "label": np.arange(16) % 2})
    arrays = {"original": images, "original_pooled": pool_features(backbone, images)}
    features = Features(table["id"].to_numpy(np.str_), arrays, "test")

    def fit_images(
        batch_size, epochs, seed=0, validated=0, checkpoint=None, layers=None
    ):
        short = {"batch_size": batch_size, "fine_tuning_epochs": epochs}
        recipes = BASE["recipes"] | {"short": BASE["recipes"]["short"] | short}
        backbones = BASE["backbones"]
        chosen = backbones["efficientnet_lite0"] | {"fine_tuned_layers": layers}
        backbones = backbones | {"efficientnet_lite0": chosen}
        return fit(
            features,
            table,
            ["Ann", "Bob"],
            TransferLearningSettings(
                **BASE | {"recipes": recipes, "backbones": backbones}
            ),
            seed,
            final=not validated,
            checkpoint=tmp_path / (checkpoint or secrets.token_hex(4)),
            validation=(features.take(slice(validated)), table[:validated])
            if validated
            else None,
            backbone=backbone,
        )

    return fit_images


def test_a_head_alone_is_validated_and_plotted(fit_images):
    fitted = fit_images(8, epochs=0, validated=6)

    assert set(fitted.history["stage"]) == {"head"}
    assert fitted.history[["val_loss", "val_accuracy"]].notna().all(axis=None)
    history = fitted.history.assign(fold=0)
    assert len(plot_learning({"transfer_learning": history}).data) == 4


def test_larger_batches_than_images_are_refused(fit_images):
    with pytest.raises(ValueError, match="at most the 16 training images, got 17; cho"):
        fit_images(17, epochs=1)


def test_seed_decides_the_network(fit_images):
    models = [fit_images(8, epochs=2, seed=seed).model for seed in (1, 1, 2)]

    first, again, other = (model.get_weights() for model in models)
    for ours, theirs in zip(first, again, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    pairs = zip(first, other, strict=True)
    assert any((ours != theirs).any() for ours, theirs in pairs)


def test_only_the_last_layers_change(fit_images):
    whole, tuned = (fit_images(8, epochs=2, layers=n).model for n in (0, 2))

    same = [
        np.array_equal(ours, theirs)
        for ours, theirs in zip(tuned.get_weights(), whole.get_weights(), strict=True)
    ]
    assert same == [True] * 2 + [False] * 6  # convolution; batch norm and head


def test_changed_code_starts_afresh(fit_images, caplog):
    fit_images(8, epochs=1, checkpoint="checkpoint")

    with change_code("lfw17_kedro.pipelines.transfer_learning.networks"):
        fit_images(8, epochs=1, checkpoint="checkpoint")

    assert caplog.text.count("is discarded") == 2  # of the head and of fine-tuning


def check_results(catalog, few_faces):
    metrics = catalog.load("transfer_learning.metrics")
    assert metrics["test"]["images"] == 9
    assert metrics["metadata"]["train_images"] == 21
    model = catalog.load("transfer_learning.model")
    views = catalog.load("transfer_learning.test_features").arrays
    predictions = catalog.load("transfer_learning.uncalibrated_test_probabilities")
    np.testing.assert_allclose(
        predict(model, views), predictions[few_faces.class_names], atol=1e-4
    )
    submission = catalog.load("transfer_learning.submission")
    assert submission["ImageId"].tolist() == list(range(9))
    return metrics


def test_pipeline_retrains_the_bundled_backbone(
    few_faces, save_faces, run_project, tmp_path
):
    save_faces(few_faces)

    catalog = run_project("transfer_learning", transfer_learning=QUICK)

    metrics = check_results(catalog, few_faces)
    train = catalog.load("transfer_learning.train_features").arrays
    shapes = {view: array.shape for view, array in train.items()}
    assert shapes == {"original": (21, 128, 96, 3), "original_pooled": (21, 1280)}
    assert metrics["metadata"]["fine_tuning_epochs"] == 1
    assert metrics["metadata"]["backbone"] == "efficientnet_lite0"
    assert metrics["metadata"]["image_sizes"] == {"original": [128, 96]}
    records = catalog.load("transfer_learning.records")
    assert [len(records[s]) for s in ("train", "test")] == [21, 9]
    left = tmp_path / "data/06_models/orl/transfer_learning"
    assert {p.name for p in left.glob("[!.]*")} == {"model.keras", "backbone.keras"}


def test_pipeline_averages_networks_of_both_views(
    few_faces, save_faces, run_project, monkeypatch
):
    def build(read_weights, height, width, weights):
        return make_backbone(height, width)

    monkeypatch.setitem(BACKBONES, "efficientnet_lite0", build)  # minutes faster
    save_faces(few_faces)

    both = {"networks": {"original": 1, "aligned": 1}}
    catalog = run_project("transfer_learning", transfer_learning=QUICK | both)

    check_results(catalog, few_faces)
    train = catalog.load("transfer_learning.train_features").arrays
    shapes = {view: array.shape for view, array in train.items()}
    assert shapes == {
        "original": (21, 128, 96, 3),
        "aligned": (21, 112, 112, 3),
        "original_pooled": (21, 4),
        "aligned_pooled": (21, 4),
    }
    history = catalog.load("transfer_learning.history")
    assert history["stage"].tolist() == (["head"] * 5 + ["fine_tuning"]) * 2
    assert history["epoch"].tolist() == [*range(6)] * 2
    assert history["network"].tolist() == [0] * 6 + [1] * 6


def test_pipeline_retrains_inception_v3(
    few_faces, save_faces, run_project, tmp_path, monkeypatch
):
    import keras

    from lfw17_kedro.encoders import inception_v3

    save_faces(few_faces)
    file = tmp_path / "inception.weights.h5"
    network = keras.applications.InceptionV3(include_top=False, weights=None)
    network.save_weights(file)
    md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr(inception_v3, "MD5", md5)  # as if these were published
    size = {"height": 75, "width": 75}
    size |= {"weights": str(file), "precision": "float32", "fine_tuned_layers": 0}

    catalog = run_project(
        "transfer_learning",
        transfer_learning={
            "backbone": "inception_v3",
            "backbones": {"inception_v3": size},
            "recipes": {"short": {"batch_size": 8}},
            "training": QUICK["training"],
        },
    )

    metrics = check_results(catalog, few_faces)
    assert metrics["metadata"]["backbone"] == "inception_v3"
    assert metrics["metadata"]["fine_tuning_epochs"] == 0

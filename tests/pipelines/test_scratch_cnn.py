import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from changed_code import change_code
from pydantic import ValidationError

from lfw17_kedro.pipelines.modelling.settings import NetworkCounts
from lfw17_kedro.pipelines.scratch_cnn.architectures import (
    build_published,
    build_resnet,
)
from lfw17_kedro.pipelines.scratch_cnn.nodes import fit, make_features
from lfw17_kedro.pipelines.scratch_cnn.settings import ScratchCnnSettings

ROOT = Path(__file__).parents[2]
PARAMETERS = ROOT / "conf" / "base" / "parameters_scratch_cnn.yml"
BASE = yaml.safe_load(PARAMETERS.read_text())["scratch_cnn"]
CLASS_NAMES = ["Ann", "Bob"]
TINY = {
    "epochs": 3,
    "batch_size": 8,
    "network": {"widths": [4, 8], "blocks": [0, 1], "dense": 8, "dropout": 0.1},
}
BOTH = {"original": 1, "aligned": 1}


def settings_of(architecture="small_resnet", networks=None, **changes):
    known = BASE["architectures"]
    changed = known | {architecture: known[architecture] | changes}
    chosen = {"architecture": architecture, "architectures": changed}
    own = {"precision": "float32", "networks": networks or BOTH}
    return ScratchCnnSettings(**BASE | chosen | own)


def test_views_that_no_network_sees_are_left_out():
    images, aligned = np.full((2, 10, 8), 7.5, np.float32), np.full((2, 4, 4), 9, "u1")
    table = pd.DataFrame({"id": ["a", "b"]})

    def make(original, aligned_networks):
        counts = NetworkCounts(original=original, aligned=aligned_networks)
        return make_features(images, aligned, table, counts, 6)

    both, one = make(2, 1), make(0, 1)
    assert both.arrays["original"].shape == (2, 10, 8, 1)
    assert both.arrays["aligned"].shape == (2, 6, 6, 1)
    assert both.arrays["aligned"].dtype == np.float32
    assert (both.arrays["aligned"] == 9).all()
    assert both.fingerprint == "grey images original 10x8, aligned 6x6"
    assert list(one.arrays) == ["aligned"]
    assert list(make(1, 0).arrays) == ["original"]


def test_settings_without_a_network_are_refused():
    with pytest.raises(ValidationError, match="at least 1 because original is 0"):
        NetworkCounts(original=0, aligned=0)


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({"original": 1, "aligned": 0}, "1 network on the images as they are."),
        (
            {"original": 2, "aligned": 0},
            "Mean of 2 networks on the images as they are.",
        ),
        (
            {"original": 2, "aligned": 1},
            "Mean of 2 networks on the images as they are and 1 network on the aligned "
            "faces. Faces are aligned by landmarks of MTCNN, which was trained to find "
            "faces, not to tell people apart.",
        ),
    ],
)
def test_report_says_what_the_networks_see(counts, text):
    assert NetworkCounts(**counts).explain() == text


@pytest.mark.parametrize("rows", [(2, 3), (3, 2)])
def test_images_of_another_table_are_refused(rows):
    table = pd.DataFrame({"id": ["a", "b", "c"]})
    images, aligned = np.zeros((rows[0], 9, 8), np.float32), np.zeros((rows[1], 4, 4))

    message = f"got {rows[0]} of images, {rows[1]} of aligned, 3 of table; they come"
    with pytest.raises(ValueError, match=message):
        make_features(images, aligned.astype("u1"), table, NetworkCounts(**BOTH), 4)


def train(tmp_path, settings, images=None, seed=0, name="checkpoint"):
    table = pd.DataFrame({"id": list("abcdefghijkl"), "label": np.arange(12) % 2})
    if images is None:
        images = np.random.default_rng(0).uniform(0, 255, (12, 10, 8)).astype("float32")
    aligned = np.random.default_rng(1).integers(0, 256, (12, 9, 9), np.uint8)
    fitted = fit(
        make_features(images, aligned, table, settings.networks, 8),
        table,
        CLASS_NAMES,
        settings,
        seed,
        final=True,
        checkpoint=tmp_path / name,
        validation=None,
    )
    return fitted.model, fitted.history


def test_published_network_has_the_studys_layers():
    network = build_published(50, 37, 7, dropout=0.725)

    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds.count("Conv2D") == 3
    assert kinds.count("MaxPooling2D") == 3
    assert kinds.count("BatchNormalization") == 6
    assert kinds.count("Dropout") == 3
    # 50x37 -> 25x18 -> 12x9 -> 6x4, flattened with 256 channels
    dense = [w.shape for w in network.weights if len(w.shape) == 2]
    assert dense == [(6 * 4 * 256, 1024), (1024, 1024), (1024, 1024), (1024, 7)]


def test_resnet_does_not_see_brightness_and_contrast():
    network = build_resnet(10, 8, 3, widths=[4, 8], blocks=[1, 0], dense=8, dropout=0.5)
    images = np.random.default_rng(0).uniform(50, 200, (2, 10, 8, 1)).astype("float32")

    logits = network(images)

    assert logits.shape == (2, 3)
    np.testing.assert_allclose(network(images * 0.5 + 20), logits, atol=1e-4)


def test_seed_decides_the_networks(tmp_path):
    settings = settings_of(**TINY)

    models = [
        train(tmp_path, settings, seed=s, name=f"{t}")[0]
        for t, s in enumerate((1, 1, 2))
    ]

    first, again, other = (model.get_weights() for model in models)
    for ours, theirs in zip(first, again, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    pairs = zip(first, other, strict=True)
    assert any((ours != theirs).any() for ours, theirs in pairs)


def test_history_tells_networks_apart(tmp_path):
    _, history = train(tmp_path, settings_of(**TINY))

    assert history["network"].tolist() == [0, 0, 0, 1, 1, 1]
    assert history["epoch"].tolist() == [0, 1, 2] * 2


def test_published_network_trains_for_its_steps(tmp_path):
    one = {"original": 1, "aligned": 0}
    settings = settings_of("published", networks=one, steps=3, batch_size=4)

    model, history = train(tmp_path, settings)

    assert len(history) == 1  # 12 images: 3 batches in an epoch
    assert model.output_shape == (None, 2)
    assert settings.chosen.optimizer.name == "sgd"


def test_changed_architecture_starts_afresh(tmp_path, caplog):
    train(tmp_path, settings_of(**TINY))
    wider = TINY["network"] | {"dense": 16}

    train(tmp_path, settings_of(**TINY | {"network": wider}))

    assert caplog.text.count("is discarded") == 2


@pytest.mark.parametrize(
    "module", ["pipelines.scratch_cnn.architectures", "training.optimizers"]
)
def test_changed_code_starts_afresh(tmp_path, caplog, module):
    train(tmp_path, settings_of(**TINY))

    with change_code(f"lfw17_kedro.{module}"):
        train(tmp_path, settings_of(**TINY))

    assert caplog.text.count("is discarded") == 2


def test_loss_that_is_no_number_is_an_error(tmp_path):
    images = np.full((12, 10, 8), np.nan, np.float32)

    with pytest.raises(ValueError, match="the loss is no longer a number"):
        train(tmp_path, settings_of(**TINY), images)


def tiny_parameters(networks, **changes):
    tiny = TINY | changes
    architectures = {"architectures": {"small_resnet": tiny}}
    return {"scratch_cnn": architectures | {"networks": networks}}


def test_pipeline_leaves_model_history_and_submission(
    few_faces, save_faces, run_project, tmp_path
):
    save_faces(few_faces)

    catalog = run_project("scratch_cnn", **tiny_parameters(BOTH))

    metrics = catalog.load("scratch_cnn.metrics")
    assert metrics["test"]["images"] == 9
    assert metrics["validation"]["images"] == 5
    assert metrics["metadata"]["networks"] == BOTH
    assert metrics["metadata"]["train_images"] == 21
    assert len(catalog.load("scratch_cnn.history")) == 2 * 3
    history = catalog.load("scratch_cnn.validation_history")
    assert {"fold", "val_accuracy"} <= set(history)
    model = catalog.load("scratch_cnn.model")
    views = catalog.load("scratch_cnn.test_features").arrays
    assert views["aligned"].shape == (9, 48, 48, 1)
    np.testing.assert_array_equal(
        views["original"][..., 0], catalog.load("test_images")
    )
    predictions = catalog.load("scratch_cnn.uncalibrated_test_probabilities")
    np.testing.assert_allclose(
        model.predict([views["original"], views["aligned"]], verbose=0),
        predictions[few_faces.class_names],
        atol=1e-5,
    )
    submission = catalog.load("scratch_cnn.submission")
    assert submission["ImageId"].tolist() == list(range(9))
    folder = tmp_path / "data/06_models/orl/scratch_cnn"
    left = {path.name for path in folder.glob("[!.]*")}
    assert left == {"model.keras"}


# Runs the pipeline until an operation on the checkpoint, in one of the first epochs.
KILLED_RUN = """
import sys
from kedro.framework.cli import main
from killed_at import kill_at_operation

kill_at_operation(30, sys.argv.pop(1))
main()
"""


def test_killed_run_resumes_and_ends_with_a_model(few_faces, save_faces, project):
    folder = save_faces(few_faces)
    local = project / "conf" / "local"
    source = {
        "type": "lfw17_kedro.datasets.FaceSourceDataset",
        "source": "npy",
        "filepath": str(folder),
        "class_names": few_faces.class_names,
    }
    (local / "catalog.yml").write_text(yaml.safe_dump({"raw_faces": source}))
    (local / "parameters.yml").write_text(
        yaml.safe_dump(tiny_parameters({"original": 1, "aligned": 0}, epochs=20))
    )
    words = ["run", "--pipelines", "scratch_cnn"]
    models = project / "data/06_models/orl/scratch_cnn"
    checkpoint = models / "fit_checkpoint/final/network_0"

    killed = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, checkpoint, *words],
        cwd=project,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert killed.returncode == -signal.SIGKILL
    assert any(checkpoint.glob("epoch_*.npz"))
    assert not (models / "model.keras").exists()
    again = subprocess.run(
        [sys.executable, "-m", "kedro", *words],
        cwd=project,
        check=True,
        capture_output=True,
        text=True,
    )

    assert "resuming after epoch" in " ".join(again.stdout.split())
    assert (models / "model.keras").is_file()
    assert not (models / "fit_checkpoint").exists()
    history = pd.read_csv(project / "data/08_reporting/orl/scratch_cnn/history.csv")
    assert history["epoch"].tolist() == list(range(20))

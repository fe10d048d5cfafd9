import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

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
    "networks": 2,
    "epochs": 3,
    "batch_size": 8,
    "network": {"widths": [4, 8], "blocks": [0, 1], "dense": 8, "dropout": 0.1},
}


def settings_of(architecture="small_resnet", **changes):
    known = BASE["architectures"]
    changed = known | {architecture: known[architecture] | changes}
    chosen = {"architecture": architecture, "architectures": changed}
    return ScratchCnnSettings(**BASE | chosen | {"precision": "float32"})


def test_images_of_another_table_are_refused():
    table = pd.DataFrame({"id": ["a", "b", "c"]})

    with pytest.raises(ValueError, match="got 2 of images, 3 of table; they come from"):
        make_features(np.zeros((2, 10, 8), np.float32), table)


def train(tmp_path, settings, images=None, seed=0, name="checkpoint"):
    table = pd.DataFrame({"id": list("abcdefghijkl"), "label": np.arange(12) % 2})
    if images is None:
        images = np.random.default_rng(0).uniform(0, 255, (12, 10, 8)).astype("float32")
    fitted = fit(
        make_features(images, table),
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
    settings = settings_of("published", steps=3, batch_size=4)

    model, history = train(tmp_path, settings)

    assert len(history) == 1  # 12 images: 3 batches in an epoch
    assert model.output_shape == (None, 2)
    assert settings.chosen.optimizer.name == "sgd"


def test_changed_architecture_starts_afresh(tmp_path, caplog):
    train(tmp_path, settings_of(**TINY))
    wider = TINY["network"] | {"dense": 16}

    train(tmp_path, settings_of(**TINY | {"network": wider}))

    assert caplog.text.count("is discarded") == 2


def test_loss_that_is_no_number_is_an_error(tmp_path):
    images = np.full((12, 10, 8), np.nan, np.float32)

    with pytest.raises(ValueError, match="the loss is no longer a number"):
        train(tmp_path, settings_of(**TINY), images)


def tiny_parameters(**changes):
    tiny = TINY | changes
    return {"scratch_cnn": {"architectures": {"small_resnet": tiny}}}


def test_pipeline_leaves_model_history_and_submission(
    few_faces, save_faces, run_project, tmp_path
):
    save_faces(few_faces)

    catalog = run_project("scratch_cnn", **tiny_parameters())

    metrics = catalog.load("scratch_cnn.metrics")
    assert metrics["test"]["images"] == 9
    assert metrics["validation"]["images"] == 5
    assert metrics["metadata"]["networks"] == 2
    assert metrics["metadata"]["train_images"] == 21
    assert len(catalog.load("scratch_cnn.history")) == 2 * 3
    history = catalog.load("scratch_cnn.validation_history")
    assert {"fold", "val_accuracy"} <= set(history)
    model = catalog.load("scratch_cnn.model")
    images = catalog.load("test_images")
    predictions = catalog.load("scratch_cnn.uncalibrated_test_probabilities")
    np.testing.assert_allclose(
        model.predict(images[..., None], verbose=0),
        predictions[few_faces.class_names],
        atol=1e-5,
    )
    submission = catalog.load("scratch_cnn.submission")
    assert submission["ImageId"].tolist() == list(range(9))
    folder = tmp_path / "data/06_models/orl/scratch_cnn"
    left = {path.name for path in folder.glob("[!.]*")}
    assert left == {"model.keras"}


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
        yaml.safe_dump(tiny_parameters(networks=1, epochs=60))
    )
    command = [sys.executable, "-m", "kedro", "run", "--pipelines", "scratch_cnn"]
    models = project / "data/06_models/orl/scratch_cnn"
    checkpoint = models / "fit_checkpoint/final/network_0"

    run = subprocess.Popen(command, cwd=project)
    deadline = time.monotonic() + 120
    while not any(checkpoint.glob("epoch_*.npz")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert any(checkpoint.glob("epoch_*.npz"))
    assert not (models / "model.keras").exists()
    again = subprocess.run(
        command, cwd=project, check=True, capture_output=True, text=True
    )

    assert "resuming after epoch" in " ".join(again.stdout.split())
    assert (models / "model.keras").is_file()
    assert not (models / "fit_checkpoint").exists()
    history = pd.read_csv(project / "data/08_reporting/orl/scratch_cnn/history.csv")
    assert history["epoch"].tolist() == list(range(60))

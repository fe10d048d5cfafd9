"""A small project to break: three people of ORL, and quick settings."""

import hashlib
import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

ROOT = Path(__file__).parents[2]
CLASS_NAMES = ["s1", "s2", "s3"]
RAW = {
    "type": "lfw17_kedro.datasets.FaceSourceDataset",
    "source": "npy",
    "filepath": "data/01_raw",
    "class_names": CLASS_NAMES,
}
# Seconds instead of minutes.
QUICK = {
    "reporting": {"map": {"projection": "pca"}},
    "data_processing": {"detection": {"short_sides": [74]}},
    "scratch_cnn": {
        "precision": "float32",
        "architectures": {
            "small_resnet": {
                "epochs": 3,
                "batch_size": 8,
                "network": {
                    "widths": [4, 8],
                    "blocks": [0, 1],
                    "dense": 8,
                    "dropout": 0.5,
                },
            }
        },
    },
}
CAMPAIGN = pytest.mark.campaign
RUN_RECORD = "run.json"
VOLATILE = ".run."  # locks, copies and parts of the run record: the next run clears
# TensorFlow and Keras write the time, random names and numbers of layers into these.
SAVED_MODEL, KERAS = "facenet_svm/encoder/", ".keras"
UNSTABLE_RECORDS = (".encoder.record.json", ".keras.record.json")
CONTENT = ("sha256", "size", "files")


def in_campaign(*cases):
    """Mark cases of a test that only the campaign runs."""
    return [pytest.param(case, marks=CAMPAIGN) for case in cases]


def make_project(folder, faces):
    """Make a project with nothing run yet.

    Args:
        folder: not there yet.
        faces: RawFaces of three people.
    """
    shutil.copytree(
        ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local")
    )
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder)
    for name in ("src", "conf/local", "data/01_raw"):
        (folder / name).mkdir(parents=True)
    for name, content in (("catalog", {"raw_faces": RAW}), ("parameters", QUICK)):
        (folder / f"conf/local/{name}.yml").write_text(yaml.safe_dump(content))
    # Another source, with the same faces.
    (folder / "conf/kaggle/catalog.yml").write_text(yaml.safe_dump({"raw_faces": RAW}))
    save_faces(folder, faces)
    return folder


def save_faces(folder, faces):
    """Save faces as the competition's files."""
    arrays = {
        "X_train": faces.train_images,
        "y_train": faces.train_labels,
        "X_test": faces.test_images,
        "y_test": faces.test_labels,
    }
    for name, array in arrays.items():
        np.save(folder / f"data/01_raw/{name}.npy", array)


def mirror_faces(faces):
    """Give other raw data: the same faces, mirrored."""

    def mirror(rows):
        return rows.reshape(-1, 50, 37)[:, :, ::-1].reshape(rows.shape)

    return replace(
        faces,
        train_images=mirror(faces.train_images),
        test_images=mirror(faces.test_images),
    )


def take_snapshot(project):
    """Describe all artifacts of a project: path -> hash of the content.

    Of a record only the present version counts, of the run record the nodes: times
    differ between any two runs.
    """
    data, snapshot = Path(project, "data"), {}
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data).as_posix()
        if name.startswith("01_raw") or not path.is_file():
            continue
        if path.name.startswith(VOLATILE):
            continue
        if SAVED_MODEL in name and path.suffix != ".json":
            continue
        try:
            snapshot[name] = _describe(path)
        except (ValueError, KeyError, OSError, zipfile.BadZipFile):  # damaged
            snapshot[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return snapshot


def _describe(path):
    """Describe what of a file is the same in each run."""
    if path.name == RUN_RECORD:
        return sorted(json.loads(path.read_text())["nodes"])
    if path.name.endswith(".record.json"):
        version = json.loads(path.read_text())["versions"][0]
        unstable = path.name.endswith(UNSTABLE_RECORDS)
        dropped = (*CONTENT, "command") if unstable else ("command",)
        return {key: version[key] for key in version.keys() - set(dropped)}
    if path.suffix == KERAS:
        return hash_weights(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def hash_weights(file):
    """Hash the weights of a Keras model, whatever its layers are called."""
    weights = []

    def hash_one(_, item):
        if isinstance(item, h5py.Dataset):
            weights.append(hashlib.sha256(item[()].tobytes()).hexdigest())

    with zipfile.ZipFile(file) as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(content) as stored:
        stored.visititems(hash_one)
    return sorted(weights)


def compare_snapshots(found, expected):
    """Say how two snapshots differ, a few paths each."""
    parts = {
        "missing": expected.keys() - found.keys(),
        "too many": found.keys() - expected.keys(),
        "different": {
            name
            for name in expected.keys() & found.keys()
            if expected[name] != found[name]
        },
    }
    return [
        f"{len(names)} {what}: {', '.join(sorted(names)[:4])}"
        for what, names in parts.items()
        if names
    ]

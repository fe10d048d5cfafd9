from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from benchmarks.fold_fits import Faces, describe_makers, fit_folds
from benchmarks.fold_store import FoldKey, FoldStore
from kedro.pipeline import Pipeline

from benchmarks import fold_fits
from lfw17_kedro.parameters import ParameterError
from lfw17_kedro.pipeline_registry import METHODS
from lfw17_kedro.pipelines.modelling import Fitted, Method, MethodSettings
from lfw17_kedro.pipelines.modelling.nodes import cross_validate_model
from lfw17_kedro.precision import POLICIES
from lfw17_kedro.types import Features

pytestmark = pytest.mark.filterwarnings(r"ignore:\s*register_new_resolver\(\) is depr")


class Settings(MethodSettings):
    cross_validation_folds: int | None = 4


def fit(features, table, class_names, settings, seed, *, checkpoint, **resources):
    """The mean of each person, moved by the seed."""
    checkpoint.mkdir(parents=True)
    x, labels = features.arrays["x"], table["label"].to_numpy()
    means = np.array([x[labels == k].mean() for k in range(len(class_names))])
    return Fitted(means + seed / 100 + resources["shift"], {}, pd.DataFrame({"a": [0]}))


def predict(model, features):
    distances = np.abs(features.arrays["x"][:, None] - model)
    return np.exp(-distances) / np.exp(-distances).sum(axis=1, keepdims=True)


METHOD = Method("means", Settings, lambda: Pipeline([]), fit, predict, resumable=True)
TABLE = pd.DataFrame(
    {
        "id": [f"{k:02d}" for k in range(16)],
        "label": np.arange(16) % 2,
        "original": np.arange(16),
        "copy": 0,
        "fold": -1,
    }
)
X = np.random.default_rng(0).normal(size=16) + TABLE["label"].to_numpy()
MADE_BY = describe_makers({"means": "code"})["means"]
FEATURES = Features(TABLE["id"].to_numpy(np.str_), {"x": X}, "numbers")


def make_faces():
    return SimpleNamespace(
        table=TABLE,
        class_names=["Ann", "Bob"],
        parameters={"means": Settings()},
        load_inputs=lambda method: {"train_features": FEATURES, "shift": 0.1},
        describe=lambda method: {"settings": {}},
    )


def test_folds_are_those_of_the_projects_own_cross_validation(tmp_path):
    keys = [FoldKey("means", "s", 7, fold, 4) for fold in range(4)]
    store, seen = FoldStore(tmp_path / "store"), []

    fit_folds(make_faces(), METHOD, keys, store, seen.append, MADE_BY)

    _, expected = cross_validate_model(
        FEATURES,
        TABLE,
        ["Ann", "Bob"],
        Settings(),
        7,
        tmp_path / "checkpoint",
        method=METHOD,
        shift=0.1,
    )
    expected = expected.set_index("id")
    for key, result in zip(keys, seen, strict=True):
        assert (result.key, result.code) == (key, "code")
        np.testing.assert_array_equal(result.probabilities, expected.loc[result.ids])
        np.testing.assert_array_equal(
            store.read(key).probabilities, result.probabilities
        )
    assert not list((tmp_path / "store").rglob("*.checkpoint"))


def test_time_of_resumed_training_is_not_known(tmp_path):
    key, store, seen = FoldKey("means", "s", 7, 0, 4), FoldStore(tmp_path), []
    fit_folds(make_faces(), METHOD, [key], store, seen.append, MADE_BY)
    assert seen[0].seconds >= 0
    (store.find_checkpoint(key) / "network_0").mkdir(parents=True)
    method = Method(
        "means",
        Settings,
        METHOD.create_features,
        lambda *args, checkpoint, **more: fit(
            *args, checkpoint=checkpoint / "other", **more
        ),
        predict,
        resumable=True,
    )

    fit_folds(make_faces(), method, [key], store, seen.append, MADE_BY)

    assert seen[1].seconds is None


@pytest.fixture
def load_faces(project, save_faces, few_faces, tmp_path, monkeypatch):
    # A path like those of the catalog: relative to the project, whichever folder it is.
    monkeypatch.setattr(fold_fits, "ROOT", tmp_path)
    save_faces(few_faces).rename(tmp_path / "faces")
    source = {
        "type": "lfw17_kedro.datasets.FaceSourceDataset",
        "source": "npy",
        "filepath": "faces",
        "class_names": few_faces.class_names,
    }
    (project / "conf/few").mkdir()
    (project / "conf/few/catalog.yml").write_text(yaml.safe_dump({"raw_faces": source}))

    def load(*changes, **parameters):
        written = yaml.safe_dump(parameters)
        (project / "conf/few/parameters.yml").write_text(written)
        return Faces("few", changes, tmp_path / "work", project / "conf")

    return load


def test_faces_are_those_of_the_environment(load_faces, few_faces, tmp_path):
    faces = load_faces("scratch_cnn.architectures.small_resnet.epochs=3")

    assert faces.class_names == few_faces.class_names
    assert faces.table["label"].tolist() == few_faces.train_labels.tolist()
    assert faces.parameters["scratch_cnn"].chosen.epochs == 3
    assert (tmp_path / "work/data/03_primary/orl/train_table.csv").exists()


def test_hash_of_settings_tells_what_decides_the_result(load_faces, project):
    [method] = [one for one in METHODS if one.name == "scratch_cnn"]

    def hash_settings(*changes, **parameters):
        return load_faces(*changes, **parameters).hash_settings(method)

    before = hash_settings()

    assert hash_settings("facenet_svm.svm.C=5") == before
    folds = {"cross_validation_folds": 3}
    split = {"split": {"validation_fraction": 0.3}}
    assert hash_settings(seed=5, scratch_cnn=folds, data_processing=split) == before
    precisions = {hash_settings(f"scratch_cnn.precision={p}") for p in POLICIES}
    assert len(precisions - {before}) == 2
    assert hash_settings("data_processing.photo_short_side=100") != before
    catalog = project / "conf/base/catalog.yml"
    catalog.write_text(catalog.read_text().replace("quality: 95", "quality: 90"))
    assert hash_settings() != before


def test_wrong_parameters_and_copies_are_refused(load_faces):
    with pytest.raises(ParameterError, match="scratch_cnn.epochs: there is no param"):
        load_faces("scratch_cnn.epochs=3")
    with pytest.raises(ParameterError, match="resnet.epochs: nothing reads it, for"):
        load_faces("scratch_cnn.architectures.resnet.epochs=3")
    with pytest.raises(ValueError, match="copies: expected 0, because copies differ"):
        load_faces("data_processing.augmentation.copies=1")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("seed=3", "the benchmark has seeds and folds of its own; use --seeds"),
        ("data_processing.split.validation_fraction=0.3", ".* of its own; use --folds"),
        ("scratch_cnn.cross_validation_folds=3", ".* of its own; use --folds"),
        ("raw_folder=x", "raw_faces of this environment does not come from a folder"),
    ],
)
def test_parameters_without_effect_are_refused(load_faces, change, problem):
    name = change.partition("=")[0]

    with pytest.raises(ParameterError, match=f"{name}: {problem}"):
        load_faces(change)

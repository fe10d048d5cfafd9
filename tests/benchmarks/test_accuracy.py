import argparse
import json
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from benchmarks.accuracy import Benchmark, parse_options, parse_variant
from benchmarks.fold_store import FoldStore
from kedro.pipeline import Pipeline

from benchmarks import accuracy, fold_fits
from lfw17_kedro.parameters import ParameterError
from lfw17_kedro.pipelines.modelling import Fitted, Method, MethodSettings
from lfw17_kedro.training.checkpoint import lock_checkpoint
from lfw17_kedro.types import Features

N = 20
TABLE = pd.DataFrame(
    {
        "id": [f"{k:02d}" for k in range(N)],
        "label": np.arange(N) % 2,
        "original": np.arange(N),
        "copy": 0,
        "fold": -1,
    }
)


class Settings(MethodSettings):
    cross_validation_folds: int | None = None
    confidence: float = 0.8


fits = []


def fit(features, table, class_names, settings, seed, **options):
    fits.append(seed)
    return Fitted(settings.confidence, {})


def predict(model, features):
    """Right on all but the first image."""
    labels = features.arrays["label"] ^ (features.ids == "00")
    return np.where(np.eye(2)[labels] == 1, model, 1 - model)


METHODS = tuple(
    Method(name, Settings, lambda: Pipeline([]), fit, predict) for name in ("a", "b")
)


def make_faces(code="code", **confidences):
    labels = {"label": TABLE["label"].to_numpy()}
    features = Features(TABLE["id"].to_numpy(np.str_), labels, "labels")
    settings = {
        name: Settings(confidence=confidences.get(name, 0.8)) for name in ("a", "b")
    }
    return SimpleNamespace(
        table=TABLE,
        class_names=["Ann", "Bob"],
        parameters=settings,
        load_inputs=lambda method: {"train_features": features},
        hash_code=lambda method: code,
        describe=lambda method: settings[method.name].model_dump(),
        hash_settings=lambda method: f"{settings[method.name].confidence}",
    )


@pytest.fixture
def measure(monkeypatch, tmp_path):
    monkeypatch.setattr(accuracy, "METHODS", METHODS)

    def measure(variants, *words):
        fits.clear()
        options = parse_options(["--seeds", "3", "4", *words])
        return Benchmark(options, FoldStore(tmp_path)).run(variants)

    return measure


def test_each_method_has_a_row_and_a_second_run_trains_nothing(measure, capsys):
    rows = measure({"conf": make_faces()})

    assert fits == ([3] * 5 + [4] * 5) * 2
    assert [row[:4] for row in rows[:2]] == [
        [name, "conf 0.8", "19, 19 of 20", "0.9500"] for name in ("a", "b")
    ]
    assert [row[:3] for row in rows[2:]] == [
        ["ensemble", f"{pooling} of 2 methods, conf", "19, 19 of 20"]
        for pooling in ("mean", "log-linear")
    ]
    assert "a, conf, seed 3, fold 1 of 5: " in capsys.readouterr().out
    assert measure({"conf": make_faces()}) == rows
    assert fits == []


def test_results_of_other_code_or_settings_are_trained_again(measure):
    measure({"conf": make_faces()}, "--methods", "a")

    measure({"conf": make_faces("new")}, "--methods", "a", "--any-code")
    assert fits == []
    measure({"conf": make_faces("new")}, "--methods", "a")
    assert len(fits) == 10
    measure({"conf": make_faces("new", a=0.7)}, "--methods", "a", "--seeds", "4")
    assert fits == [4] * 5


def test_results_of_other_packages_are_trained_again(measure, monkeypatch):
    measure({"conf": make_faces()}, "--methods", "a")
    monkeypatch.setattr(fold_fits, "version", lambda name: "0.0")

    measure({"conf": make_faces()}, "--methods", "a", "--any-code")
    assert fits == []
    measure({"conf": make_faces()}, "--methods", "a")
    assert len(fits) == 10


def test_a_lost_fold_alone_is_trained_again(measure, tmp_path):
    rows = measure({"conf": make_faces()}, "--methods", "a")
    (tmp_path / "a/0.8-seed_4-fold_2_of_5.json").unlink()

    assert measure({"conf": make_faces()}, "--methods", "a") == rows
    assert fits == [4]


def test_settings_are_compared_and_chosen(measure):
    variants = {"conf": make_faces(), "sure": make_faces(a=0.999)}

    rows = measure(variants)

    # Equally often right; with 0.999 the log loss is smaller where the mistake is not
    # in the other folds, so in one fold of each seed.
    assert [row[:2] for row in rows[:5]] == [
        ["a", "conf 0.8"],
        ["a", "sure 0.999"],
        ["a", "mean of conf, sure"],
        ["a", "chosen on the other folds: conf 8x, sure 2x"],
        ["b", "conf 0.8"],  # the variant does not change it
    ]
    assert fits == ([3] * 5 + [4] * 5) * 3


def test_a_variant_that_changes_nothing_measured_is_refused(measure):
    variants = {"conf": make_faces(), "sure": make_faces(a=0.95)}

    with pytest.raises(
        ParameterError, match="--variant sure: expected other settings of b than conf,"
    ):
        measure(variants, "--methods", "b")


def test_results_are_of_the_code_that_was_there_at_the_start(measure, tmp_path):
    faces = make_faces("old")
    load = faces.load_inputs

    def edit_and_load(method):
        faces.hash_code = lambda method: "edited while it trained"
        return load(method)

    faces.load_inputs = edit_and_load
    measure({"conf": faces})

    stored = [json.loads(one.read_text()) for one in tmp_path.glob("*/*-fold*.json")]
    assert len(stored) == 20
    assert {one["code"] for one in stored} == {"old"}


def test_missing_images_end_with_a_message(monkeypatch, tmp_path):
    words = ["--env", "kaggle", "--methods", "facenet_svm", "--store", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["", *words, "--params", f"raw_folder={tmp_path}"])

    with pytest.raises(SystemExit, match="raw_faces: expected X_train.npy.*missing"):
        accuracy.main()


@pytest.mark.parametrize("names", [("wide", "wide"), ("conf",)])
def test_variants_have_names_of_their_own(names, capsys):
    words = [word for name in names for word in ("--variant", f"{name}: a=1")]

    with pytest.raises(SystemExit):
        parse_options(words)

    assert f"not conf, got {', '.join(names)}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--seeds 1 666 1", "--seeds: expected each seed once, got 1 666 1\n"),
        ("--folds 1", "--folds: expected at least 2, got 1\n"),
    ],
)
def test_seeds_and_folds_that_give_no_table_are_refused(words, message, capsys):
    with pytest.raises(SystemExit):
        parse_options(words.split())

    assert capsys.readouterr().err.endswith(f"error: argument {message}")


@pytest.fixture
def run_benchmark(monkeypatch, tmp_path):
    """Run the command with a benchmark that does something else."""

    def run_benchmark(run):
        monkeypatch.setattr(sys, "argv", ["", "--store", str(tmp_path)])
        monkeypatch.setattr(accuracy, "Faces", lambda *_: None)
        monkeypatch.setattr(Benchmark, "run", run)
        accuracy.main()

    return run_benchmark


def test_a_locked_checkpoint_ends_with_one_line(run_benchmark, tmp_path):
    lock = lock_checkpoint(tmp_path)
    lock.acquire("a benchmark")
    try:
        with pytest.raises(SystemExit, match="is training with this checkpoint"):
            run_benchmark(lambda *_: lock_checkpoint(tmp_path).acquire("another"))
    finally:
        lock.release()


def test_a_mistake_in_the_code_keeps_its_traceback(run_benchmark):
    def run(self, variants):
        raise ValueError("a mistake in the code")

    with pytest.raises(ValueError, match="a mistake in the code"):
        run_benchmark(run)


def test_a_variant_is_a_name_and_parameters():
    assert parse_variant("wide: a.b=1 c=[1,2]") == ("wide", ["a.b=1", "c=[1,2]"])
    for text in ("wide", "wide:", ": a=1", "wide: a"):
        with pytest.raises(argparse.ArgumentTypeError, match="expected 'NAME: param"):
            parse_variant(text)

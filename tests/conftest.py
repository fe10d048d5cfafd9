"""What several tests share: a few real faces, and a project of one's own."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.runner import SequentialRunner
from kedro_sessions import open_session

from lfw17_kedro.datasets.face_sources import SOURCES
from lfw17_kedro.pipelines.modelling.results import score_method
from lfw17_kedro.types import RawFaces

# Speed is measured elsewhere: a busy machine must fail no test. Nor must bad luck: each
# run draws the same examples, unless it is told --hypothesis-profile random.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.register_profile("random", deadline=None)
hypothesis.settings.load_profile("same")

# A shell without job control starts what runs in the background deaf to Ctrl-C, which
# some tests send. The processes that tests start inherit this.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
CLASS_NAMES = ["s1", "s2", "s3"]


@pytest.fixture(scope="session")
def few_faces() -> RawFaces:
    """Three people of ORL: 21 faces to train, 9 to test."""
    orl = SOURCES["orl"]()
    train, test = (y < len(CLASS_NAMES) for y in (orl.train_labels, orl.test_labels))
    return RawFaces(
        orl.train_images[train],
        orl.train_labels[train],
        orl.test_images[test],
        orl.test_labels[test],
        CLASS_NAMES,
        orl.source,
    )


@pytest.fixture
def save_faces(tmp_path: Path) -> Callable[..., Path]:
    """Save faces, or changed ones, as the competition's .npy files."""

    def save(raw: RawFaces, **changes: Any) -> Path:
        folder = tmp_path / "data" / "01_raw"
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            "X_train": raw.train_images,
            "y_train": raw.train_labels,
            "X_test": raw.test_images,
            "y_test": raw.test_labels,
        } | changes
        for name, array in arrays.items():
            if array is not None:
                np.save(folder / f"{name}.npy", array)
        return folder

    return save


@pytest.fixture(scope="session")
def object_server() -> Iterator[Any]:
    """Run an object store for all tests, see `ObjectStore`."""
    from object_store import ObjectStore

    server = ObjectStore()
    yield server
    server.stop()


@pytest.fixture
def object_store(object_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give an object store without memory, and hide the user's own credentials."""
    import fsspec

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    object_server.requests.clear()
    yield object_server
    # fsspec keeps one for equal arguments, and the environment is none of them.
    object_server.forget(lambda opened: "key" not in opened.storage_options)
    fsspec.filesystem("memory").store.clear()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give the project's own conf a folder of its own, with nothing run yet."""
    ignore_local = shutil.ignore_patterns("local")
    shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=ignore_local)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, tmp_path)
    for folder in ("src", "conf/local"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.fixture
def run_project(project: Path) -> Callable[..., Any]:
    """Run a pipeline on the faces in data/01_raw; gives the catalog afterwards."""
    source = {
        "type": "lfw17_kedro.datasets.FaceSourceDataset",
        "source": "npy",
        "filepath": "data/01_raw",
        "class_names": CLASS_NAMES,
    }

    def run(pipeline: str, env: str | None = None, **parameters: Any) -> Any:
        catalog = project / "conf" / (env or "local") / "catalog.yml"
        catalog.write_text(yaml.safe_dump({"raw_faces": source}))
        with open_session(project, env, parameters) as session:
            session.run(pipeline_names=[pipeline], runner=SequentialRunner())
            return session.load_context().catalog

    return run


@pytest.fixture
def leave_results(
    run_project: Callable[..., Any],
    save_faces: Callable[..., Path],
    few_faces: RawFaces,
) -> Callable[..., Any]:
    """Run data_processing on real faces; leave the results of invented methods."""

    def leave(*methods: str, **changes: Any) -> Any:
        save_faces(few_faces, **changes)
        catalog = run_project("data_processing")
        tables = [catalog.load(f"{split}_table") for split in ("train", "test")]
        class_names = catalog.load("class_names")
        for index, name in enumerate(methods):
            rng = np.random.default_rng(index)
            made = {}
            for split, table in zip(("validation", "test"), tables, strict=True):
                rows = table[table["fold"] == 0] if split == "validation" else table
                values = rng.dirichlet(np.ones(len(class_names)), len(rows))
                values += np.eye(len(class_names))[rows["label"]] * (1 - index)
                values /= values.sum(axis=1, keepdims=True)
                made[split] = pd.DataFrame(values, columns=class_names)
                made[split].insert(0, "id", rows["id"].to_numpy())
                catalog.save(f"{name}.{split}_probabilities", made[split])
            metrics = score_method(
                *made.values(),
                *made.values(),  # uncalibrated
                {"temperature": 1.0, "fitted_on": "validation", "images": 5},
                {},
                *tables,
                class_names,
                name=name,
            )
            catalog.save(f"{name}.metrics", metrics)
        return catalog

    return leave

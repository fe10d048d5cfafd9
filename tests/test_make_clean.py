"""What `make clean` deletes, and what it never touches."""

import os
import shutil
from pathlib import Path

import pytest
from make_command import make, needs_make

from lfw17_kedro.files.run_lock import RunLock

ROOT = Path(__file__).parents[1]
USERS_OWN = [
    "data/01_raw/X_train.npy",
    "data/01_raw/lfw_home/photo.jpg",
    "data/06_models/weights/inception_v3.h5",
    "data/06_models/facenet/20180402-114759.zip",
    "conf/local/parameters.yml",
    "conf/base/catalog.yml",
    "notebooks/mine.ipynb",
]
FROM_RUNS = [
    "data/02_intermediate/orl/train_table.csv",
    "data/02_intermediate/orl/.train_table.csv.record.json",
    "data/02_intermediate/orl/.test_table.csv.41-9f3a.part.csv",
    "data/03_primary/orl/train_photos/000.jpg",
    "data/03_primary/orl/.train_photos.record.json",
    "data/03_primary/orl/.test_photos.41-9f3a.part/000.jpg",
    "data/05_model_input/orl/.train.tfrecord.record.json",
    "data/04_feature/orl/features.npz",
    "data/05_model_input/orl/train.tfrecord",
    "data/06_models/orl/facenet_svm/encoder/saved_model.pb",
    "data/06_models/facenet_study/model.keras",
    "data/07_model_output/kaggle/facenet_svm/submission.csv",
    "data/08_reporting/orl/.run.json.lock",
    "data/08_reporting/orl/.run.lock",
    "data/08_reporting/orl/.run.holder.json",
    "data/08_reporting/orl/.run.copy.json",
    ".venv/bin/python",
    ".venv/audit/bin/pip-audit",
    ".pytest_cache/README.md",
    ".ruff_cache/0",
    ".viz/stats.json",
    "build/index.html",
    "dist/lfw17_kedro-0.1.0-py3-none-any.whl",
    "src/lfw17_kedro/__pycache__/types.pyc",
    "tools/__pycache__/audit.pyc",
    "src/lfw17_kedro.egg-info/PKG-INFO",
]
pytestmark = needs_make


@pytest.fixture
def copied(tmp_path):
    """Copy what git has of the folders that make clean touches, with files in them."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for layer in (ROOT / "data").glob("0*"):
        (tmp_path / "data" / layer.name).mkdir(parents=True)
        (tmp_path / "data" / layer.name / ".gitkeep").touch()
    for name in (*USERS_OWN, *FROM_RUNS, "tests/test_mine.py", "benchmarks/mine.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_clean_keeps_what_the_user_put_in(copied):
    layers = sorted(copied.glob("data/0*/.gitkeep"))

    done = make(copied, "clean")

    assert done.returncode == 0, done.stderr
    for name in USERS_OWN:
        assert (copied / name).read_text() == name
    assert len(layers) == 8
    assert sorted(copied.glob("data/0*/.gitkeep")) == layers
    assert done.stdout.splitlines()[-1] == (
        "Kept: data/01_raw, data/06_models/weights, data/06_models/facenet, "
        "data/09_benchmarks, conf/local."
    )


@pytest.fixture
def lock(copied):
    """Give the lock of a source that this process does not hold yet."""
    lock = RunLock(copied / "data/08_reporting/orl")
    yield lock
    lock.release()


@pytest.mark.parametrize("is_noted", [True, False])
def test_clean_does_not_disturb_a_run(copied, lock, is_noted):
    lock.acquire("kedro run")
    note = copied / "data/08_reporting/orl/.run.holder.json"
    holder = (
        f"process {os.getpid()}, which data/08_reporting/orl/.run.holder.json names"
    )
    if not is_noted:
        note.unlink()
        holder = "one that holds data/08_reporting/orl/.run.lock"

    done = make(copied, "clean")

    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == (
        f"expected no run, got {holder}: wait until it ends, or end it."
    )
    note.touch()
    assert [name for name in FROM_RUNS if not (copied / name).exists()] == []


def test_clean_does_not_take_a_dead_runs_note_for_a_run(copied, lock):
    """Its process number is that of another process by now."""
    lock.acquire("kedro run")
    note = copied / "data/08_reporting/orl/.run.holder.json"
    left = note.read_text()
    lock.release()
    note.write_text(left)

    done = make(copied, "clean")

    assert done.returncode == 0, done.stdout
    assert not note.exists()


@pytest.mark.parametrize("cause", ["no python", "no lock"])
def test_clean_believes_the_note_where_nobody_can_ask_the_lock(copied, cause):
    note = copied / "data/08_reporting/orl/.run.holder.json"
    note.write_text(f'{{\n  "pid": {os.getpid()},\n  "host": "here"\n}}\n')
    if cause == "no lock":
        note.with_name(".run.lock").unlink()

    done = make(copied, "clean", *(["PYTHON=none"] if cause == "no python" else []))

    assert done.returncode != 0
    assert f"expected no run, got process {os.getpid()}, which data/" in done.stdout
    assert note.exists()


def test_clean_removes_the_environment_caches_and_outputs_of_runs(copied):
    done = make(copied, "clean")

    assert done.returncode == 0, done.stderr
    assert [name for name in FROM_RUNS if (copied / name).exists()] == []
    gone = ["data/07_model_output/kaggle", "data/06_models/orl", ".venv", ".ruff_cache"]
    assert [name for name in gone if (copied / name).exists()] == []


def test_clean_deletes_links_of_runs_but_never_what_they_point_to(
    copied, tmp_path_factory
):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "mine.npy").write_text("mine")
    links = [
        "data/02_intermediate/lfw17",
        "data/06_models/kaggle/facenet_svm",
        "data/07_model_output/kaggle/mine.npy",
    ]
    for name in links:
        target = outside / "mine.npy" if name.endswith(".npy") else outside
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        (copied / name).symlink_to(target)

    done = make(copied, "clean")

    assert done.returncode == 0, done.stderr
    assert [name for name in links if (copied / name).is_symlink()] == []
    assert (outside / "mine.npy").read_text() == "mine"


@pytest.mark.parametrize(
    "folder", ["data/03_primary", "data/06_models", "data/06_models/weights", ".venv"]
)
def test_clean_does_not_go_into_a_linked_folder(copied, tmp_path_factory, folder):
    outside = tmp_path_factory.mktemp("outside") / "moved"
    shutil.move(copied / folder, outside)
    (copied / folder).symlink_to(outside)
    before = sorted(outside.rglob("*"))
    assert before

    done = make(copied, "clean")

    assert done.returncode == 0, done.stderr
    assert sorted(outside.rglob("*")) == before
    assert (copied / folder).is_symlink() == folder.startswith("data/")


def test_clean_does_not_go_into_a_linked_data(copied, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "moved"
    shutil.move(copied / "data", outside)
    (copied / "data").symlink_to(outside)
    before = sorted(outside.rglob("*"))

    done = make(copied, "clean")

    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == (
        f"expected a folder data, got a link to {outside}: delete what runs wrote "
        "there by hand."
    )
    assert sorted(outside.rglob("*")) == before


def test_clean_works_twice(copied):
    make(copied, "clean")

    assert make(copied, "clean").returncode == 0

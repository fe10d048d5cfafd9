import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.test_locks import FOLDER_LOCKS, LOCKS

from lfw17_kedro.files.run_lock import RunLock

ROOT = Path(__file__).parents[1]
RUN_LOCKS = {"requirements-uv.lock", "requirements.lock"}
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
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="needs make")


def make(folder, *words):
    # The variables of an outer make, `make test`, would change what this one prints.
    ours = {key: value for key, value in os.environ.items() if "MAKE" not in key}
    return subprocess.run(
        ["make", *words],  # noqa: S607 (the user's make)
        cwd=folder,
        env=ours,
        capture_output=True,
        text=True,
        check=False,
    )


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
        "Kept: data/01_raw, data/06_models/weights, data/06_models/facenet, conf/local."
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


def test_help_lists_every_target():
    text = (ROOT / "Makefile").read_text()
    targets = " ".join(re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)).split()

    shown = make(ROOT, "help").stdout.splitlines()

    assert sorted(line.split()[0] for line in shown) == sorted(targets)
    assert all(len(line) <= 100 for line in shown)


@pytest.mark.parametrize(
    ("target", "locks"),
    [
        ("run", RUN_LOCKS),
        ("test", RUN_LOCKS | {"requirements-dev.lock"}),
        ("lint", RUN_LOCKS | {"requirements-dev.lock"}),
        ("lab", RUN_LOCKS | {"requirements-dev.lock"}),
        ("mlflow", RUN_LOCKS | {"requirements-mlflow.lock"}),
        (
            "fuzz",
            RUN_LOCKS | {"requirements-dev.lock", "tests/fuzz/requirements.lock"},
        ),
        ("audit", RUN_LOCKS | {"requirements-audit.lock"}),
    ],
)
def test_targets_install_only_what_they_need(copied, target, locks):
    shutil.rmtree(copied / ".venv")
    for name in (*LOCKS, "pyproject.toml"):
        shutil.copy(ROOT / name, copied)

    shown = make(copied, "--dry-run", target)

    assert shown.returncode == 0, shown.stderr
    assert set(re.findall(r"-r (\S+\.lock)", shown.stdout)) == locks
    installs = [line for line in shown.stdout.splitlines() if ".lock" in line]
    installs = [line for line in installs if "install" in line and "-r" in line]
    assert installs
    assert all("--require-hashes --only-binary :all:" in line for line in installs)


@pytest.fixture
def installed(copied):
    """Give a project whose environment has what a run needs."""
    for name in (*LOCKS, "pyproject.toml"):
        shutil.copy(ROOT / name, copied)
    (copied / ".venv/.ready").touch()
    return copied


def test_extras_are_installed_as_locked_and_checked_by_hash(installed):
    shown = make(installed, "--dry-run", "extras", "EXTRAS=dask s3").stdout

    install = shown.replace("\\\n", "").split(" pip install ")[1]
    assert "--verify-hashes --only-binary :all: -c requirements-dev.lock" in install
    assert re.findall(r"--extra (\S+)", install) == ["dask", "s3"]
    # So that all that an extra brings is in the lock.
    locked = make(installed, "--dry-run", "lock").stdout.replace("\\\n", "")
    compiled = next(x for x in locked.splitlines() if "-o requirements-dev.lock" in x)
    extras = set(re.findall(r"--extra (\S+)", compiled))
    assert extras == {"heic", "s3", "gcs", "dask", "faiss", "lab", "dev"}


@pytest.mark.parametrize("extras", ["", "mlflow", "dask heif"])
def test_unknown_extras_are_named_with_those_there_are(installed, extras):
    done = make(installed, "extras", f"EXTRAS={extras}")

    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == (
        f'expected EXTRAS among heic s3 gcs dask faiss lab, got "{extras}"; for two of '
        'them: make extras EXTRAS="dask s3"; for MLflow: make mlflow'
    )
    assert not (installed / ".venv/.unfinished").exists()


def test_audit_looks_at_every_lock(copied):
    (copied / "tests/fuzz").mkdir(parents=True, exist_ok=True)
    for name in (*LOCKS, "pyproject.toml", *FOLDER_LOCKS):
        shutil.copy(ROOT / name, copied / name)

    shown = make(copied, "--dry-run", "audit").stdout.splitlines()

    assert sorted(shown[-1].split()[1:]) == sorted(
        ["tools/audit.py", *LOCKS, *FOLDER_LOCKS]
    )


def test_wrong_python_is_named_with_what_to_type(copied):
    shutil.rmtree(copied / ".venv")
    for name in (*LOCKS, "pyproject.toml"):
        shutil.copy(ROOT / name, copied)
    old = copied / "python-old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1\nexit 1\n')
    old.chmod(0o755)

    done = make(copied, "run", f"PYTHON={old}")

    assert done.returncode != 0
    assert "expected Python 3.11 to 3.13, got Python 3.9.1" in done.stdout
    assert "make PYTHON=python3.12" in done.stdout
    assert not (copied / ".venv").exists()


@pytest.fixture
def asked(copied, monkeypatch):
    """Give a function: the index and certificates that make hands to uv."""
    for name in (*LOCKS, "pyproject.toml"):
        shutil.copy(ROOT / name, copied)
    for name in ("INDEX_URL", "CERT", "CONFIG_FILE"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    for name in ("UV_DEFAULT_INDEX", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    scripts = {
        "uv": "env >> asked.txt",
        "python": f'exec "{sys.executable}" "$@"',
    }
    for name, script in scripts.items():
        file = copied / ".venv" / "bin" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    (copied / ".venv" / ".ready").touch()

    def ask():
        done = make(copied, "lock")
        assert done.returncode == 0, done.stderr
        environment = (copied / "asked.txt").read_text()
        values = {}
        for variable in ("UV_DEFAULT_INDEX", "SSL_CERT_FILE"):
            found = re.findall(rf"^{variable}=(.*)$", environment, re.MULTILINE)
            assert len(found) in (0, len(LOCKS) + len(FOLDER_LOCKS))
            assert len(set(found)) <= 1
            values[variable] = found[0] if found else None
        return values

    return ask


INDEX, CERT = "https://mirror.example/simple", "/etc/company.pem"


def test_uv_gets_the_index_and_certificates_of_pips_environment(asked, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", INDEX)
    monkeypatch.setenv("PIP_CERT", CERT)

    assert asked() == {"UV_DEFAULT_INDEX": INDEX, "SSL_CERT_FILE": CERT}


def test_uv_gets_the_index_and_certificates_of_pips_settings(
    asked, monkeypatch, copied
):
    settings = copied / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {INDEX}\ncert = {CERT}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))

    assert asked() == {"UV_DEFAULT_INDEX": INDEX, "SSL_CERT_FILE": CERT}


def test_uvs_own_settings_come_first(asked, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example/simple")
    monkeypatch.setenv("PIP_CERT", "/etc/pip.pem")
    monkeypatch.setenv("UV_DEFAULT_INDEX", INDEX)
    monkeypatch.setenv("SSL_CERT_FILE", CERT)

    assert asked() == {"UV_DEFAULT_INDEX": INDEX, "SSL_CERT_FILE": CERT}


def test_uv_gets_nothing_where_pip_has_no_setting(asked, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

    assert asked() == {"UV_DEFAULT_INDEX": None, "SSL_CERT_FILE": None}


def test_locks_are_made_without_building_from_source(copied):
    for name in (*LOCKS, "pyproject.toml"):
        shutil.copy(ROOT / name, copied)

    shown = make(copied, "--dry-run", "lock").stdout.replace("\\\n", "")

    compiles = [line for line in shown.splitlines() if "pip compile" in line]
    assert len(compiles) == len(LOCKS) + len(FOLDER_LOCKS)
    assert all("--only-binary :all:" in line for line in compiles)

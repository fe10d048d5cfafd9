import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from make_command import make, needs_make
from tests.test_locks import FOLDER_LOCKS, LOCKS

ROOT = Path(__file__).parents[1]
RUN_LOCKS = {"requirements-uv.lock", "requirements.lock"}
pytestmark = needs_make


@pytest.fixture
def copied(tmp_path):
    """Copy what the set-up reads, beside an environment that is not ready."""
    for name in ("Makefile", "pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    return tmp_path


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


@pytest.mark.parametrize(
    ("installs", "stays"),
    [("", False), ("mkdir .venv/lib/python3.11/site-packages/a", True)],
)
def test_a_failed_installation_condemns_only_what_it_changed(
    installed, installs, stays
):
    packages = installed / ".venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    for name, script in {"uv": f"sleep 0.1; {installs}\nexit 2", "python": ""}.items():
        file = installed / ".venv/bin" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    done = make(installed, "extras", "EXTRAS=dask")

    assert done.returncode != 0
    assert (installed / ".venv/.unfinished").exists() == stays
    again = make(installed, "--dry-run", "run").stdout
    assert ("-m venv" in again) == stays  # else there is nothing to make again


def test_an_environment_stays_if_its_installer_could_not_be_installed(installed):
    (installed / ".venv/lib/python3.11/site-packages").mkdir(parents=True)
    os.utime(installed / ".venv/.ready", (1, 1))  # older than the locks
    for name, end in {"python": 1, "python-ours": 0}.items():
        file = installed / ".venv/bin" / name
        file.write_text(f"#!/bin/sh\nexit {end}\n")
        file.chmod(0o755)

    done = make(installed, "run", "PYTHON=.venv/bin/python-ours")

    assert done.returncode != 0
    assert "Creating .venv" in done.stdout
    assert not (installed / ".venv/.unfinished").exists()


def test_audit_looks_at_every_lock(copied):
    for name in FOLDER_LOCKS:
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copied / name)

    shown = make(copied, "--dry-run", "audit").stdout.splitlines()

    assert sorted(shown[-1].split()[1:]) == sorted(
        ["tools/audit.py", *LOCKS, *FOLDER_LOCKS]
    )


def test_wrong_python_is_named_with_what_to_type(copied):
    shutil.rmtree(copied / ".venv")
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

    shown = make(copied, "--dry-run", "lock").stdout.replace("\\\n", "")

    compiles = [line for line in shown.splitlines() if "pip compile" in line]
    assert len(compiles) == len(LOCKS) + len(FOLDER_LOCKS)
    assert all("--only-binary :all:" in line for line in compiles)

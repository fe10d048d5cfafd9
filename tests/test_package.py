import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel as `kedro package` does, with the setuptools that is here."""
    folder = tmp_path_factory.mktemp("package")
    without_caches = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", folder / "src", ignore=without_caches)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return next((folder / "dist").glob("lfw17_kedro-*.whl"))


def test_wheel_has_every_module_and_template(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    source = ROOT / "src"
    wanted = {
        file.relative_to(source).as_posix()
        for pattern in ("*.py", "py.typed", "templates/*")
        for file in (source / "lfw17_kedro").rglob(pattern)
    }
    assert {
        "lfw17_kedro/__main__.py",
        "lfw17_kedro/reporting/templates/report.html",
    } <= wanted
    assert packed >= wanted


def test_installed_project_runs_without_its_source(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    command = [sys.executable, "-m", "lfw17_kedro", "--pipelines", "data_processing"]

    done = subprocess.run(
        [*command, "--conf-source", str(ROOT / "conf"), "--env", "base"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "02_intermediate" / "orl").is_dir()

"""The lock files: hashes everywhere, and versions that agree."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = (
    "requirements.lock",
    "requirements-audit.lock",
    "requirements-dev.lock",
    "requirements-mlflow.lock",
    "requirements-uv.lock",
)
FOLDER_LOCKS = ("benchmarks/requirements.lock", "tests/fuzz/requirements.lock")


def read_pins(lock):
    """Map each package of a lock file to its version, markers and hashes."""
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text())
    pins = {}
    for block in blocks:
        pin = re.match(r"([\w.-]+)(==\S+[^\\]*)", block)
        if pin:
            hashes = re.findall(r"--hash=(sha256:[0-9a-f]{64})", block)
            pins[pin[1]] = (pin[2].strip(), sorted(hashes))
    return pins


@pytest.mark.parametrize("lock", [*LOCKS, *FOLDER_LOCKS])
def test_locks_pin_hashes_and_name_no_index(lock):
    pins = read_pins(lock)

    assert pins
    assert [name for name, (_, hashes) in pins.items() if not hashes] == []
    assert "://" not in (ROOT / lock).read_text()


def read_versions(lock):
    """Map each package of a lock file to its version."""
    return {name: pin.split()[0] for name, (pin, _) in read_pins(lock).items()}


@pytest.mark.parametrize(
    ("lock", "added"),
    [
        ("requirements-dev.lock", {"pytest", "ruff", "mypy", "jupyterlab"}),
        ("requirements-mlflow.lock", {"kedro-mlflow", "mlflow"}),
    ],
)
def test_extras_come_on_top_of_the_versions_of_a_run(lock, added):
    run, extra = read_versions("requirements.lock"), read_versions(lock)

    assert run == {name: extra[name] for name in run}
    assert added <= set(extra) - set(run)


@pytest.mark.parametrize(
    "lock", ["requirements-mlflow.lock", "requirements-audit.lock"]
)
def test_later_locks_agree_with_the_tools(lock):
    tools, other = read_versions("requirements-dev.lock"), read_versions(lock)

    shared = set(tools) & set(other)
    assert shared
    assert {name: tools[name] for name in shared} == {n: other[n] for n in shared}


def test_locks_have_every_dependency_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def list_names(requirements):
        names = (re.match(r"[\w.-]+", text)[0] for text in requirements)
        return {name.lower().replace("_", "-") for name in names}

    assert list_names(project["dependencies"]) <= set(read_pins("requirements.lock"))
    tools = list_names(
        [*extras["dev"], *extras["lab"], *extras["heic"], *extras["faiss"]]
    )
    assert tools <= set(read_pins("requirements-dev.lock"))
    mlflow = list_names([*project["dependencies"], *extras["mlflow"]])
    assert mlflow <= set(read_pins("requirements-mlflow.lock"))

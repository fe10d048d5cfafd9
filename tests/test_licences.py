"""docs/licences.md says what is installed, locked and pinned."""

import re
import tomllib
from importlib.metadata import (
    Distribution,
    PackageNotFoundError,
    distribution,
    distributions,
)
from pathlib import Path

import pytest
from sklearn.datasets import _lfw

from lfw17_kedro.datasets.face_sources import orl
from lfw17_kedro.encoders import (
    dlib_resnet,
    efficientnet_lite0,
    facenet,
    inception_resnet_v1,
    inception_v3,
    mtcnn_networks,
)

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
LOCK_OF = {
    "run": "requirements.lock",
    "lab": "requirements-dev.lock",
    "dask": "requirements-dev.lock",
    "faiss": "requirements-dev.lock",
    "heic": "requirements-dev.lock",
    "s3": "requirements-dev.lock",
    "gcs": "requirements-dev.lock",
    "dev": "requirements-dev.lock",
    "mlflow": "requirements-mlflow.lock",
    "audit": "requirements-audit.lock",
    "install": "requirements-uv.lock",
    "benchmark": "benchmarks/requirements.lock",
    "fuzz": "tests/fuzz/requirements.lock",
}
COPYLEFT = re.compile(r"GPL|MPL|Mozilla|Artistic|EPL|Eclipse|EUPL|CDDL|OSL|CC-BY-SA")
LONG = 60  # characters: a field License that holds the whole text, not the name


def normalise(name):
    """Spell a package as lock files do."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_table(heading):
    """Map the first cell of each row under a heading, without marks, to the row."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    names, _, *rows = ([cell.strip() for cell in row.split("|")[1:-1]] for row in rows)
    return {row[0].replace("`", ""): dict(zip(names, row, strict=True)) for row in rows}


def read_licence(package: Distribution):
    """Read the licence in the metadata of an installed package, in its words."""
    metadata = package.metadata
    if metadata.get("License-Expression"):
        return metadata["License-Expression"]
    named = (metadata.get("License") or "").strip()
    if named and named != "UNKNOWN" and len(named) < LONG:
        return named
    classifiers = metadata.get_all("Classifier") or []
    found = [text.split(" :: ")[-1] for text in classifiers if "License ::" in text]
    return ", ".join(found) or "not stated"


def list_direct():
    """List the direct dependencies: (name, what it is for)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"run": project["dependencies"], **project["optional-dependencies"]}
    groups |= {
        group: [
            line for line in (ROOT / file).read_text().splitlines() if line[0] != "#"
        ]
        for group, file in (
            ("benchmark", "benchmarks/requirements.in"),
            ("fuzz", "tests/fuzz/requirements.in"),
        )
    }
    groups |= {"audit": ["pip-audit"], "install": ["uv"]}
    return sorted(
        {
            (normalise(re.match(r"[\w.-]+", text)[0]), group)
            for group, texts in groups.items()
            for text in texts
        }
    )


def list_pins(lock, name):
    """List the versions that a lock file has of a package."""
    text = (ROOT / lock).read_text()
    return sorted(re.findall(rf"^{re.escape(name)}==([^\s\\;]+)", text, re.MULTILINE))


PACKAGES = read_table("Packages")


def test_every_direct_dependency_has_a_row_and_no_other_package():
    rows = {(name, row["for"]) for name, row in PACKAGES.items()}

    assert rows == set(list_direct())
    assert all(row["if it vanishes"] for row in PACKAGES.values())
    released = re.compile(r"(\d{4}-\d\d-\d\d|not known)(, \d{4}-\d\d-\d\d)?")
    assert all(released.fullmatch(row["released"]) for row in PACKAGES.values())


@pytest.mark.parametrize(("name", "group"), list_direct())
def test_row_has_the_locked_version(name, group):
    pins = list_pins(LOCK_OF[group], name)

    assert pins
    assert sorted(PACKAGES[name]["locked"].split(", ")) == pins


@pytest.mark.parametrize(("name", "group"), list_direct())
def test_row_has_the_licence_of_the_installed_package(name, group):
    try:
        package = distribution(name)
    except PackageNotFoundError:
        if group in {"mlflow", "benchmark", "audit", "fuzz", "install"}:
            pytest.skip(f"{name} is not installed")
        raise

    assert PACKAGES[name]["licence"] == read_licence(package)


def test_every_installed_copyleft_licence_is_listed():
    locked = {name for lock in LOCK_OF.values() for name in list_names(lock)}

    found = {}
    for package in distributions():
        name, licence = normalise(package.metadata["Name"]), read_licence(package)
        if name in locked and COPYLEFT.search(licence):
            found[name] = licence

    rows = read_table("Copyleft")
    assert found == {name: row["licence"] for name, row in rows.items()}


def list_names(lock):
    """List the packages of a lock file."""
    text = (ROOT / lock).read_text()
    return re.findall(r"^([\w.-]+)==", text, re.MULTILINE)


def test_weights_have_the_checksums_of_the_code():
    pinned = {name: row["SHA-256"] for name, row in read_table("Weights").items()}

    assert pinned == {
        dlib_resnet.FILE: f"`{dlib_resnet.WEIGHTS.sha256}`",
        efficientnet_lite0.FILE: f"`{efficientnet_lite0.WEIGHTS.sha256}`",
        **{name: f"`{sha256}`" for name, sha256 in mtcnn_networks.SHA256.items()},
        f"{facenet.WEIGHTS.name} (FaceNet)": f"`{facenet.WEIGHTS.sha256}`",
        "20180402-114759.pb": f"`{facenet.SHA256['.pb']}`",
        inception_resnet_v1.FILE: f"`{inception_resnet_v1.SHA256}`",
        inception_v3.FILE: "not pinned",
    }


def test_weights_have_the_licences_of_the_code():
    column = "licence, as its source says"
    licences = {name: row[column] for name, row in read_table("Weights").items()}

    assert licences[dlib_resnet.FILE] == dlib_resnet.CARD.licence
    assert licences[efficientnet_lite0.FILE].startswith(efficientnet_lite0.LICENCE)
    assert licences[f"{facenet.WEIGHTS.name} (FaceNet)"] == facenet.LICENCE
    assert licences[inception_resnet_v1.FILE] == inception_resnet_v1.LICENCE


def test_data_have_the_checksums_that_are_checked():
    rows = read_table("Data")
    (orl_faces,) = (row for name, row in rows.items() if name.startswith("ORL"))
    (lfw,) = (row for name, row in rows.items() if name.startswith("LFW"))

    archive = _lfw.FUNNELED_ARCHIVE
    assert lfw["SHA-256"] == f"`{archive.checksum}` (`{archive.filename}`)"
    assert orl_faces["SHA-256"] == f"`{orl.SHA256}`, of the list of checksums"

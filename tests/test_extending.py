"""docs/extending.md is built and run in a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(?:python|yaml)\n(.*?)```", PAGE, re.DOTALL)
FILES = {
    block.splitlines()[0].removeprefix("# "): block
    for block in BLOCKS
    if block.startswith(("# src/", "# conf/"))
}
REGISTRIES = {  # file: the line that is added, as on the page, what it replaces, import
    "src/lfw17_kedro/pipeline_registry.py": (
        "METHODS = (scratch_cnn.METHOD, transfer_learning.METHOD, facenet_svm.METHOD, "
        "hog.METHOD)\n",
        "METHODS = (scratch_cnn.METHOD, transfer_learning.METHOD, "
        "facenet_svm.METHOD)\n",
        "from lfw17_kedro.pipelines import hog\n",
    ),
    "src/lfw17_kedro/encoders/registry.py": (
        '    "blocks": EncoderEntry(blocks.build),\n',
        "",
        "from lfw17_kedro.encoders import blocks\n",
    ),
    "src/lfw17_kedro/datasets/face_sources/__init__.py": (
        '    "csv": read_csv_faces,\n',
        "",
        "from lfw17_kedro.datasets.face_sources.csv import read_csv_faces\n",
    ),
}
TABLES = {"encoders/registry.py": "ENCODERS", "__init__.py": "SOURCES"}


def test_each_addition_takes_less_than_forty_lines():
    code = {name: block for name, block in FILES.items() if name.endswith(".py")}

    assert len(code) == 3
    for name, block in code.items():
        lines = [line for line in block.splitlines()[1:] if line.strip()]
        if name.endswith("hog.py"):
            lines = [line for line in lines if not line.startswith(("import", "from"))]
        assert len(lines) < 40, name


@pytest.fixture
def extended(project, few_faces):
    """Build what the page says in a copy of the project, with faces in one CSV."""
    shutil.rmtree(project / "src")
    no_caches = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", project / "src", ignore=no_caches)
    for name, block in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(block, encoding="utf-8")
    for name, (line, replaced, imported) in REGISTRIES.items():
        assert line in PAGE
        file = project / name
        text = file.read_text(encoding="utf-8")
        if replaced:
            assert replaced in text
            text = text.replace(replaced, line)
        else:
            table = next(t for end, t in TABLES.items() if name.endswith(end))
            text = re.sub(rf"^({table}: .*= \{{\n)", rf"\1{line}", text, flags=re.M)
            assert line in text
        text = re.sub(r"^(from lfw17)", rf"{imported}\1", text, count=1, flags=re.M)
        file.write_text(text, encoding="utf-8")
    rows = [
        (few_faces.class_names[label], " ".join(f"{v:.0f}" for v in image), split)
        for split in ("train", "test")
        for image, label in zip(
            getattr(few_faces, f"{split}_images"),
            getattr(few_faces, f"{split}_labels"),
            strict=True,
        )
    ]
    raw = project / "data/01_raw"
    raw.mkdir(parents=True)
    table = pd.DataFrame(rows, columns=["person", "pixels", "split"])
    table.to_csv(raw / "faces.csv", index=False)
    return project


@pytest.mark.slow
def test_what_the_page_says_runs(extended):
    def run(*arguments):
        command = [sys.executable, "-m", "kedro", "run", "--env", "csv", *arguments]
        ran = subprocess.run(
            command, cwd=extended, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    run("--pipelines", "hog,facenet_svm", "--params", "facenet_svm.encoder=blocks")
    run("--pipelines", "reporting")

    for method in ("hog", "facenet_svm"):
        file = extended / f"data/08_reporting/csv/{method}/metrics.json"
        metrics = pd.read_json(file, typ="series")
        assert metrics["test"]["images"] == 9
        assert metrics["test"]["correct"] >= 6  # one in three would be guessing
    encoder = metrics["metadata"]["encoder"].replace("/bfloat16", "")
    assert encoder == "blocks@none+flips"
    report = (extended / "data/08_reporting/csv/report.html").read_text("utf-8")
    assert "my own photos" in report

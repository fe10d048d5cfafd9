import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert [file.stem[:2] for file in NOTEBOOKS] == ["01", "02", "03"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebooks_are_committed_without_outputs(file):
    for cell in nbformat.read(file, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
def test_notebooks_run(few_faces, save_faces, run_project, project):
    save_faces(few_faces)
    run_project("facenet_svm")
    run_project("reporting")
    shutil.copytree(NOTEBOOKS[0].parent, project / "notebooks")

    for file in NOTEBOOKS:
        book = nbformat.read(file, as_version=4)
        client = NotebookClient(
            book,
            timeout=180,
            kernel_name="python3",
            resources={"metadata": {"path": str(project / "notebooks")}},
        )
        client.execute()  # raises where a cell does

        figures = sum(
            "application/vnd.plotly.v1+json" in output.get("data", {})
            for cell in book.cells
            for output in cell.get("outputs", [])
        )
        assert figures >= 2, file.stem

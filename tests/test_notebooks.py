import shutil
from pathlib import Path
from unittest.mock import Mock

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
WITH_CATALOG = [file for file in NOTEBOOKS if "catalog" in file.read_text("utf-8")]


def test_there_are_notebooks():
    assert [file.stem[:2] for file in NOTEBOOKS] == ["01", "02", "03", "04"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebooks_are_committed_without_outputs(file):
    for cell in nbformat.read(file, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_notebooks_name_the_kernel_that_every_jupyter_has(file):
    assert nbformat.read(file, as_version=4).metadata["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("file", WITH_CATALOG, ids=lambda file: file.stem)
def test_notebooks_load_the_catalog_only_where_it_is_missing(file):
    cells = nbformat.read(file, as_version=4).cells
    first = next(cell for cell in cells if cell["cell_type"] == "code")
    code = TransformerManager().transform_cell(first["source"])

    def list_magics(**names):
        shell = Mock()
        exec(code, {"get_ipython": lambda: shell, **names})  # noqa: S102 (our own cell)
        return [call.args for call in shell.run_line_magic.call_args_list]

    assert list_magics() == [("load_ext", "kedro.ipython")]
    assert list_magics(catalog="of kedro jupyter lab") == []


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
            timeout=300,
            startup_timeout=300,
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

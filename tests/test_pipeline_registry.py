import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from kedro.framework.project import pipelines
from kedro.io import MemoryDataset
from kedro_sessions import open_session

from lfw17_kedro.pipeline_registry import METHODS, register_pipelines

ROOT = Path(__file__).parents[1]


def test_every_method_runs_from_the_raw_faces():
    pipelines = register_pipelines()

    for method in (one.name for one in METHODS):
        sources = {n for n in pipelines[method].inputs() if not n.startswith("params:")}
        sources = {n for n in sources if not n.endswith("_checkpoint")}
        assert sources - {"weights"} == {"raw_faces"}
        assert f"{method}.metrics" in pipelines[method].outputs()
        assert f"{method}.submission" in pipelines[method].outputs()
        assert set(pipelines[method].nodes) <= set(pipelines["__default__"].nodes)


def test_looking_at_the_project_imports_nothing_heavy():
    script = (
        "import sys; from kedro.framework.cli import main; sys.argv[1:] = "
        "['registry', 'list']\n"
        "try: main()\n"
        "finally: assert not {'tensorflow', 'keras', 'pandas', 'scipy', 'sklearn', "
        "'plotly'} & set(sys.modules)"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert shown.returncode == 0, shown.stderr
    assert "- facenet_svm" in shown.stdout


@pytest.mark.parametrize("environment", ["base", "kaggle", "lfw17", "people", "study"])
def test_every_dataset_of_every_environment_has_an_entry_and_a_layer(environment):
    with open_session(ROOT, environment) as session:
        catalog = session.load_context().catalog
    for name in pipelines["__default__"].datasets():
        dataset = catalog.get(name)
        if not name.startswith("params:") and not isinstance(dataset, MemoryDataset):
            assert dataset.metadata["kedro-viz"]["layer"], name
            path = str(dataset._describe().get("filepath", ""))
            source = "orl" if environment == "base" else environment
            if name != "weights":  # published: the same for every source
                assert f"/{source}/" in path or "/0" not in path or "01_raw" in path


def test_layers_follow_each_other_or_kedro_viz_would_not_show_them():
    with open_session(ROOT) as session:
        catalog = session.load_context().catalog

    def find_layers(names):
        named = (name for name in names if not name.startswith("params:"))
        return {catalog.get(name).metadata["kedro-viz"]["layer"] for name in named}

    before = {}
    for node in register_pipelines()["__default__"].nodes:
        for layer in find_layers(node.outputs):
            before.setdefault(layer, set()).update(find_layers(node.inputs) - {layer})

    order = list(TopologicalSorter(before).static_order())  # raises on a circle
    assert order[0] == "raw"
    assert order[-1] == "reporting"

from importlib.util import find_spec

import pytest

from lfw17_kedro.hooks.mlflow_record import (
    flatten_costs,
    flatten_scores,
    flatten_settings,
    select_nodes,
)


def test_costs_are_named_by_node():
    nodes = {
        "a.b": {"seconds": 1.5, "peak_memory_mb": 20, "run": "x"},
        "c": {"seconds": 2, "peak_memory_mb": None},
    }

    assert flatten_costs(nodes) == {
        "a.b.seconds": 1.5,
        "a.b.peak_memory_mb": 20.0,
        "c.seconds": 2.0,
    }


def test_only_the_nodes_of_this_run_are_logged():
    record = {"nodes": {"a": {"run": "1"}, "b": {"run": "2"}}, "runs": {}}

    assert select_nodes(record, "2") == {"b": {"run": "2"}}


def test_settings_are_named_one_by_one():
    settings = {"svm": {"C": 1.0, "multi_class": "ovr"}, "folds": 5, "size": [2, 3]}
    nodes = {
        "fit": {"parameters": {"facenet_svm": settings, "seed": 666}},
        "count": {"parameters": {"facenet_svm.folds": 5}},
    }

    assert flatten_settings(nodes) == {
        "facenet_svm.svm.C": 1.0,
        "facenet_svm.svm.multi_class": "ovr",
        "facenet_svm.size": [2, 3],
    }


def test_scores_are_named_by_method_and_split():
    scores = {"accuracy": 0.5, "macro_f1": 0.25, "log_loss": 1, "images": 4}

    assert flatten_scores(
        {"method": "facenet_svm", "validation": scores, "test": None}
    ) == {
        "facenet_svm.validation.accuracy": 0.5,
        "facenet_svm.validation.macro_f1": 0.25,
        "facenet_svm.validation.log_loss": 1.0,
    }


@pytest.mark.skipif(
    find_spec("kedro_mlflow") is None, reason="the extra mlflow is not installed"
)
# MLflow 3.17 against SQLAlchemy 2.1
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")
def test_run_is_logged_to_mlflow(few_faces, save_faces, project):
    import subprocess
    import sys

    import mlflow
    import yaml

    folder = save_faces(few_faces)
    source = {
        "type": "lfw17_kedro.datasets.FaceSourceDataset",
        "source": "npy",
        "filepath": str(folder),
        "class_names": few_faces.class_names,
    }
    catalog = project / "conf" / "local" / "catalog.yml"
    catalog.write_text(yaml.safe_dump({"raw_faces": source}))
    store = f"sqlite:///{project}/mlflow.db"
    settings = project / "conf" / "local" / "mlflow.yml"
    settings.write_text(yaml.safe_dump({"server": {"mlflow_tracking_uri": store}}))

    command = [sys.executable, "-m", "kedro", "run", "--pipelines", "facenet_svm"]
    subprocess.run(command, cwd=project, check=True)

    mlflow.set_tracking_uri(store)
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert run.data.metrics["facenet_svm.test.accuracy"] == 1
    seconds = [n for n in run.data.metrics if n.endswith(".seconds")]
    assert any(name.startswith("facenet_svm.") for name in seconds)
    assert run.data.params["facenet_svm.svm.C"] == "1.0"
    assert run.data.params["seed"] == "666"

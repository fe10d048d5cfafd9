"""The run record in MLflow, for those who install the extra `mlflow`."""

from importlib.util import find_spec
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from lfw17_kedro.hooks.node_calls import METRICS, RECORD
from lfw17_kedro.lineage.command import flatten
from lfw17_kedro.lineage.run_record import Record, start_record

SCORES = ("accuracy", "macro_f1", "log_loss")


class MlflowRecordHooks:
    """Logs the run record and the scores to the MLflow run that kedro-mlflow opened.

    kedro-mlflow itself logs what each node got, a method's settings as one text; here
    the single settings are logged too. Without kedro-mlflow nothing happens.
    """

    @hook_impl(tryfirst=True)  # kedro-mlflow closes its run in the same hook
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Log settings, cost of each node, scores, and the record as a file."""
        if find_spec("kedro_mlflow") is None:
            return
        import mlflow

        if mlflow.active_run() is None:
            return
        record = catalog.load(RECORD) or start_record()
        mlflow.log_dict(record, "run.json")
        nodes = select_nodes(record, run_params["run_id"])
        mlflow.log_params(flatten_settings(nodes))
        mlflow.log_metrics(flatten_costs(nodes))
        for name in sorted(pipeline.all_outputs()):
            if name.endswith(METRICS):
                mlflow.log_metrics(flatten_scores(catalog.load(name)))


def select_nodes(record: Record, run_id: str) -> dict[str, dict[str, Any]]:
    """Select the nodes that a run ran from the run record: name -> entry."""
    return {name: n for name, n in record["nodes"].items() if n["run"] == run_id}


def flatten_settings(nodes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Name the single values inside the settings of nodes: `facenet_svm.svm.C`.

    What a node got as a single value is left out: kedro-mlflow logged that, and MLflow
    refuses a second value, even one that is only written differently.
    """
    given = {k: v for node in nodes.values() for k, v in node["parameters"].items()}
    return {k: v for k, v in flatten(given).items() if k not in given}


def flatten_costs(nodes: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Name what each node took: seconds, and peak memory (MB) where it is known."""
    return {
        f"{name}.{cost}": float(node[cost])
        for name, node in nodes.items()
        for cost in ("seconds", "peak_memory_mb")
        if node.get(cost) is not None
    }


def flatten_scores(metrics: dict[str, Any]) -> dict[str, float]:
    """Name the scores of one method: `<method>.<split>.<score>`."""
    return {
        f"{metrics['method']}.{split}.{score}": float(metrics[split][score])
        for split in ("validation", "test")
        if metrics[split] is not None
        for score in SCORES
    }

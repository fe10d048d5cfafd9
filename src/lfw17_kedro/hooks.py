"""What happens around every run: a summary at its end."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from rich.console import Console
from rich.table import Table

METRICS = ".metrics"
REPORT = "reporting.report"
LEFT_OUT = "reporting.left_out"


class SummaryHooks:
    """Ends a run by saying what was found and where it lies."""

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Print the scores of the methods and the files that the run left."""
        made = pipeline.all_outputs()
        left_out = catalog.load(LEFT_OUT) if REPORT in made else {}
        scored = pipeline.datasets() if REPORT in made else made
        methods = [
            name.removesuffix(METRICS)
            for name in sorted(scored)
            if name.endswith(METRICS) and name.removesuffix(METRICS) not in left_out
        ]
        if not methods:
            return
        table = Table(title="Who is on the photo?")
        for column in ("method", "validation", "test", "95 % interval"):
            table.add_column(column)
        for method in methods:
            table.add_row(method, *_describe_scores(catalog.load(method + METRICS)))
        console = Console()
        console.print(table)
        for method, reason in left_out.items():
            console.print(f"{method} is left out: {reason}", soft_wrap=True)
        files = [
            f"{method}{end}" for method in methods for end in (METRICS, ".submission")
        ]
        for name in (name for name in (*files, REPORT) if name in made):
            console.print(name, _find_file(catalog, name), soft_wrap=True)


def _describe_scores(metrics: dict[str, Any]) -> list[str]:
    """Say validation score, test score and its interval."""
    validation, test = metrics["validation"], metrics["test"]
    cells = [f"{validation['accuracy']:.4f} of {validation['images']}"]
    if test is None:
        return [*cells, "labels unknown", ""]
    low, high = test["accuracy_95"]
    return [*cells, f"{test['correct']} of {test['images']}", f"{low:.3f}-{high:.3f}"]


def _find_file(catalog: DataCatalog, name: str) -> str:
    """Give the path of a dataset's file."""
    dataset = catalog[name]
    return str(dataset._describe()["filepath"])

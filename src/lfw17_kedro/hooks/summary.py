"""Print the scores and the paths of the results at the end of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from lfw17_kedro.hooks.node_calls import METRICS

if TYPE_CHECKING:
    from rich.table import Table

SUBMISSION = ".submission"  # behind the name of a method
REPORT = "reporting.report"
LEFT_OUT = "reporting.left_out"
# What the user opens or reads at the end of a run, and how the summary says so.
PAGES = {
    "people.enrolment": "Photos enrolled or left out, and why",
    "people.faces": "The name of every face",
    "people.left_out": "Photos left out, and why",
    "people.open_set_page": "How sure the names are",
    "people.album": "Open the album",
    REPORT: "Open the report",
}


class SummaryHooks:
    """Prints scores, advice, and the files that the run wrote."""

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Print the scores of the methods and the paths of submissions and report.

        A run of the report alone prints the scores of all methods that it compares.
        """
        from rich.console import Console

        written = pipeline.all_outputs()
        left_out = catalog.load(LEFT_OUT) if LEFT_OUT in written else {}
        scored = pipeline.datasets() if REPORT in written else written
        methods = [
            name.removesuffix(METRICS)
            for name in sorted(scored)
            if name.endswith(METRICS) and name.removesuffix(METRICS) not in left_out
        ]
        console = Console()
        if methods:
            scores = {name: catalog.load(name + METRICS) for name in methods}
            console.print(_tabulate_scores(scores))
        for method, reason in left_out.items():
            console.print(
                f"{method} is left out: {reason}", soft_wrap=True, markup=False
            )
        folder = Path(run_params["project_path"])
        for method in methods:
            if method + SUBMISSION in written:
                path = _find_file(catalog, method + SUBMISSION, folder)
                console.print(f"{method}: {path}", soft_wrap=True, markup=False)
        for dataset, invitation in PAGES.items():
            if dataset in written:
                path = _find_file(catalog, dataset, folder)
                console.print(f"{invitation}: {path}", soft_wrap=True, markup=False)


def _tabulate_scores(scores: dict[str, dict[str, Any]]) -> "Table":
    """Tabulate correct predictions, one row per method."""
    from rich.table import Table

    table = Table()
    for column in ("method", "validation", "test", "95 % interval"):
        table.add_column(column)
    for method, metrics in scores.items():
        table.add_row(method, *_describe_scores(metrics))
    return table


def _describe_scores(metrics: dict[str, Any]) -> list[str]:
    """Write the validation score, the test score and its interval."""
    validation, test = metrics["validation"], metrics["test"]
    cells = [f"{validation['correct']} of {validation['images']}"]
    if test is None:
        return [*cells, "labels unknown", ""]
    low, high = test["accuracy_95"]
    return [*cells, f"{test['correct']} of {test['images']}", f"{low:.3f}-{high:.3f}"]


def _find_file(catalog: DataCatalog, name: str, folder: Path) -> Path:
    """Give the path of a dataset's file, relative to the project if it is inside."""
    path = Path(catalog[name]._describe()["filepath"])
    return path.relative_to(folder) if path.is_relative_to(folder) else path

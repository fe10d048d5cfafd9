import logging
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kedro.io import DatasetError
from kedro.pipeline import Node
from kedro.runner import ThreadRunner

from lfw17_kedro.hooks import ProgressHooks, SummaryHooks
from lfw17_kedro.hooks.progress import STOPPED

ROOT = Path(__file__).parents[2]
KEDRO = [sys.executable, "-m", "kedro"]
PIPELINES = """
import time
from pathlib import Path
from kedro.pipeline import Node, Pipeline

def count(): return 3
def wait(n):
    Path("waiting").touch()
    time.sleep(n)
    return n
def fail(n): raise ValueError(f"photos must be 4 or more, got {n}; add photos.")
def break_down(): raise ValueError("no photos; add some.")
def end(n): return None

counts = Node(count, None, "counted", name="count_photos")
slow = Node(wait, "counted", "waited", name="facenet_svm.embed_train_faces")
endless = Node(lambda n: wait(1000 * n), "counted", "waited", name="scratch_cnn.fit")
ends = Node(end, "waited", None, name="end")
breaks = Node(break_down, None, "broken", name="break_down")
fails = Node(fail, "counted", "failed", name="check_photos")

def register_pipelines():
    return {
        "__default__": Pipeline([counts, slow, ends]),
        "endless": Pipeline([counts, endless]),
        "failing": Pipeline([counts, fails]),
        "failing_at_once": Pipeline([breaks]),
    }
"""
SETTINGS = """
import warnings
from lfw17_kedro.hooks import ProgressHooks
HOOKS = (ProgressHooks(),)
warnings.filterwarnings("ignore", r"\\s*register_new_resolver\\(\\) is deprecated")
"""


@pytest.fixture
def small_project(tmp_path):
    """Give a Kedro project with our progress and log, and nodes that wait or fail."""
    package = tmp_path / "src" / "small"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "pipeline_registry.py").write_text(PIPELINES)
    (package / "settings.py").write_text(SETTINGS)
    for folder in ("base", "local"):
        (tmp_path / "conf" / folder).mkdir(parents=True)
    for name in ("catalog.yml", "parameters.yml"):
        (tmp_path / "conf" / "base" / name).write_text("{}")
    shutil.copy(ROOT / "conf" / "logging.yml", tmp_path / "conf")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.kedro]\npackage_name = "small"\nproject_name = "small"\n'
        'kedro_init_version = "1.7.0"\nsource_dir = "src"\n'
    )
    (tmp_path / ".telemetry").write_text("consent: false\n")
    return tmp_path


def run_kedro(folder, *words):
    return subprocess.run(
        [*KEDRO, "run", *words], cwd=folder, capture_output=True, text=True, check=False
    )


def wait_for(file):
    deadline = time.monotonic() + 300
    while not file.is_file():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_run_logs_one_line_per_node_and_two_for_a_slow_one(small_project):
    shown = run_kedro(small_project)

    assert shown.returncode == 0, shown.stderr
    lines = [
        re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in shown.stdout.splitlines()
    ]
    assert [re.sub(r"[ \d]{4}\.\d s$", "TIME", line) for line in lines] == [
        "INFO    3 nodes to run.",
        f"INFO    1/3 {'count_photos':29} TIME",
        "INFO    2/3 facenet_svm.embed_train_faces ...",
        "INFO    2/3 facenet_svm.embed_train_faces TIME",
        f"INFO    3/3 {'end':29} TIME",
    ]
    assert float(lines[3].split()[-2]) >= 3  # it sleeps so long


def test_failed_run_ends_with_the_message_and_an_exit_code(small_project):
    shown = run_kedro(small_project, "--pipelines", "failing")

    assert shown.returncode == 1
    message = "ValueError: photos must be 4 or more, got 3; add photos."
    assert shown.stderr.splitlines()[-1] == message
    assert "1/2 count_photos" in shown.stdout
    *_, failed, kept = [line[9:] for line in shown.stdout.splitlines()]
    assert failed == "ERROR   2/2 check_photos failed."  # the traceback follows
    assert kept == (
        "INFO    The results of 1 of 2 nodes are kept; after the correction, `kedro "
        "run --pipelines failing --only-missing-outputs` makes the others."
    )
    assert "from-nodes" not in shown.stdout + shown.stderr


def test_run_that_fails_at_once_is_not_told_to_repeat_the_command(small_project):
    shown = run_kedro(small_project, "--pipelines", "failing_at_once")

    assert shown.returncode == 1
    assert shown.stderr.splitlines()[-1] == "ValueError: no photos; add some."
    assert "Repeat the previous command" not in shown.stdout + shown.stderr
    assert "are kept" not in shown.stdout


def test_ctrl_c_says_how_to_go_on(small_project):
    with subprocess.Popen(
        [*KEDRO, "run", "--pipelines", "endless"],
        cwd=small_project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            wait_for(small_project / "waiting")
            run.send_signal(signal.SIGINT)
            stdout, stderr = run.communicate(timeout=300)
        finally:
            run.kill()

    assert run.returncode == 1
    assert stdout.splitlines()[-1].endswith(STOPPED)
    assert "Run the same command again" in STOPPED
    assert stdout.count(STOPPED) == 1
    assert "Traceback" not in stderr
    assert stderr.split() == ["Aborted!"]


def test_an_error_of_the_project_says_how_to_see_its_traceback(caplog):
    node = Node(len, "a", "b", name="count", namespace="svm")

    ProgressHooks().on_node_error(DatasetError("expected a file; add one."), node)

    assert caplog.messages == [
        "svm.count failed; for its traceback, set lfw17_kedro in conf/logging.yml to "
        "DEBUG."
    ]


class StandInPipeline:
    nodes = ()


def test_a_run_of_what_is_missing_says_so(caplog):
    caplog.set_level(logging.INFO)
    hooks = ProgressHooks()

    hooks.before_pipeline_run(StandInPipeline(), {"only_missing_outputs": True})
    hooks.after_pipeline_run()

    assert any("up to date do not run" in message for message in caplog.messages)
    assert not any("nodes to run" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("end", "arguments"), [("after_pipeline_run", []), ("on_pipeline_error", [{}])]
)
def test_ctrl_c_is_given_back_after_the_run(end, arguments):
    before = signal.getsignal(signal.SIGINT)
    hooks = ProgressHooks()

    hooks.before_pipeline_run(StandInPipeline(), {})
    assert signal.getsignal(signal.SIGINT) is not before
    getattr(hooks, end)(*arguments)

    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_says_that_threads_finish_first(caplog):
    ProgressHooks().before_pipeline_run(
        StandInPipeline(), {"runner": str(ThreadRunner())}
    )

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

    assert caplog.messages[-1].startswith("Stopping. The nodes that have begun")


def test_ctrl_c_lets_other_runs_begin():
    ended = []
    hooks = ProgressHooks(after_interrupt=lambda: ended.append("ended"))
    hooks.before_pipeline_run(StandInPipeline(), {})

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

    assert ended == ["ended"]


class StandInDataset:
    def __init__(self, path):
        self.path = path

    def _describe(self):
        return {"filepath": str(self.path)}


class StandInCatalog(dict):
    """Datasets by name, with what each loads."""

    def load(self, name):
        return self[name].data


class StandInRun:
    def __init__(self, outputs, inputs=()):
        self.outputs, self.inputs = set(outputs), set(inputs)

    def all_outputs(self):
        return self.outputs

    def datasets(self):
        return self.outputs | self.inputs


def make_catalog(**datasets):
    catalog = StandInCatalog()
    for name, (path, data) in datasets.items():
        catalog[name] = StandInDataset(path)
        catalog[name].data = data
    return catalog


METRICS = {
    "validation": {"correct": 77, "images": 79},
    "test": {"correct": 55, "images": 60, "accuracy_95": [0.8193, 0.9639]},
}


def test_summary_says_scores_advice_and_paths(tmp_path, capsys):
    catalog = make_catalog(
        **{
            "svm.metrics": (tmp_path / "svm.json", METRICS),
            "cnn.metrics": (tmp_path / "cnn.json", METRICS | {"test": None}),
            "old.metrics": (tmp_path / "old.json", METRICS),
            "svm.submission": (tmp_path / "data/07/submission.csv", None),
            "reporting.report": (tmp_path / "data/08/report.html", None),
            "reporting.left_out": (None, {"old": "not run on these [faces]; run it."}),
        }
    )
    outputs = ["svm.metrics", "svm.submission", "reporting.report"]
    run = StandInRun([*outputs, "reporting.left_out"], ["cnn.metrics", "old.metrics"])

    SummaryHooks().after_pipeline_run({"project_path": tmp_path}, run, catalog)

    shown = capsys.readouterr().out
    cells = [line.replace("│", "|").split("|") for line in shown.splitlines()]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in cells]
    assert ["svm", "77 of 79", "55 of 60", "0.819-0.964"] in rows
    assert ["cnn", "77 of 79", "labels unknown"] in rows
    assert shown.splitlines()[-3:] == [
        "old is left out: not run on these [faces]; run it.",
        f"svm: {Path('data/07/submission.csv')}",
        f"Open the report: {Path('data/08/report.html')}",
    ]


def test_summary_gives_the_whole_path_outside_the_project(tmp_path, capsys):
    report = tmp_path / "elsewhere" / "report.html"
    catalog = make_catalog(**{"reporting.report": (report, None)})
    folder = tmp_path / "project"

    SummaryHooks().after_pipeline_run(
        {"project_path": folder}, StandInRun(["reporting.report"]), catalog
    )

    assert capsys.readouterr().out == f"Open the report: {report}\n"


def test_summary_is_silent_where_nothing_was_scored(tmp_path, capsys):
    SummaryHooks().after_pipeline_run(
        {"project_path": tmp_path}, StandInRun(["train_table"]), make_catalog()
    )

    assert capsys.readouterr().out == ""


def test_settings_import_nothing_heavy():
    script = (
        "import sys, lfw17_kedro.settings; "
        "heavy = {'pandas', 'sklearn', 'scipy', 'tensorflow', 'keras', 'mlflow'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout == "[]\n"

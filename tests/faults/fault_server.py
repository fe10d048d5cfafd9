"""Forks one process for each trial, with everything imported already.

Started by `fault_zygote` with the shim preloaded. Reads a list of trials on each line
of standard input and answers with a line of their outcomes.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

PRELOADED = (
    "kedro.framework.cli.cli",
    "kedro.framework.session",
    "kedro_viz.integrations.kedro.hooks",  # after a change of user Python may be closed
    "kedro_datasets.pandas",
    "kedro_datasets.json",
    "kedro_datasets.plotly",
    "kedro_datasets.text",
    "kedro_datasets.pickle",
    "plotly.express",
    "sklearn.calibration",
    "sklearn.manifold",
    "sklearn.svm",
    "PIL.JpegImagePlugin",
    "tensorflow",
    "keras",
    "mtcnn",
    "lfw17_kedro.pipeline_registry",
    "lfw17_kedro.hooks",
    "fault_tasks",
)
POLL = 0.005  # seconds


def start(trial, folder):
    """Fork the process of a trial."""
    output = Path(folder, "output")
    sys.stdout.flush()
    child = os.fork()
    if child:
        return {
            "trial": trial,
            "pid": child,
            "folder": folder,
            "start": time.monotonic(),
            "killed": False,
        }
    code = 70
    try:
        os.setsid()
        descriptor = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        with Path(folder, "result.json").open("w") as result:  # the user may change
            code = perform(trial, result)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def perform(trial, result):
    """Run the task of a trial and leave its result."""
    tasks = importlib.import_module("fault_tasks")
    value = getattr(tasks, trial["task"])(**trial["arguments"])
    result.write(json.dumps(value))
    return 0


def finish(running, status, usage):
    """Describe a trial that has ended."""
    folder = Path(running["folder"])
    result, output = folder / "result.json", folder / "output"
    text = result.read_text() if result.is_file() else ""
    return {
        "result": json.loads(text) if text else None,
        "output": output.read_text(errors="replace") if output.is_file() else "",
        "code": os.waitstatus_to_exitcode(status),
        "hung": running["killed"] == "hung",
        "seconds": time.monotonic() - running["start"],
        "peak_mb": usage.ru_maxrss / 1024,
    }


def run(trials, jobs):
    """Run trials, some at a time; gives their outcomes in order."""
    waiting = list(enumerate(trials))[::-1]
    running, outcomes = {}, [None] * len(trials)
    with tempfile.TemporaryDirectory() as scratch:
        while waiting or running:
            while waiting and len(running) < jobs:
                index, trial = waiting.pop()
                folder = Path(scratch, str(index))
                folder.mkdir()
                running[index] = start(trial, str(folder))
            for index, one in list(running.items()):
                pid, status, usage = os.wait4(one["pid"], os.WNOHANG)
                if pid:
                    del running[index]
                    outcomes[index] = finish(one, status, usage)
                    continue
                end_if_due(one)
            time.sleep(POLL)
    return outcomes


def end_if_due(one):
    """Kill a process at its time, or where it hangs."""
    elapsed = time.monotonic() - one["start"]
    kill_after = one["trial"].get("kill_after")
    if kill_after is not None and elapsed >= kill_after and not one["killed"]:
        one["killed"] = "planned"
    elif elapsed >= one["trial"]["timeout"] and not one["killed"]:
        one["killed"] = "hung"
    else:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(one["pid"], signal.SIGKILL)


def main():
    """Answer until standard input ends."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name in PRELOADED:
        importlib.import_module(name)
    importlib.import_module("fault_samples").read_entries()
    gc.freeze()  # or each child would copy the pages that its collections touch
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        answers.write(json.dumps(run(asked["trials"], asked["jobs"])) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

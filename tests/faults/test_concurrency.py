"""Start two and three runs at once."""

import re
import shutil

from fault_project import compare_snapshots, take_snapshot
from fault_verdicts import (
    NEW,
    REFUSED,
    find_leftovers,
    find_problems_of_message,
    find_problems_of_process,
)
from fault_zygote import Trial

DATA = ["--pipelines", "data_processing"]
REPORT = ["--pipelines", "reporting"]
WAIT = ["--params", "runs.max_wait=600"]
ELSEWHERE = ["--env", "kaggle", *DATA]
ONE, TWO = ([*DATA, "--params", f"seed={seed}"] for seed in (1, 2))
# What runs at once, and whether all of them must succeed. Of runs that would leave
# different artifacts, one leaves all of its own.
MIXES = {
    "two runs of a source": ([DATA, DATA], False),
    "three runs of a source": ([DATA, DATA, DATA], False),
    "two pipelines of a source": ([DATA, REPORT], False),
    "two runs of a source, waiting": ([[*DATA, *WAIT], [*DATA, *WAIT]], True),
    "two runs of two sources": ([DATA, ELSEWHERE], True),
    "two runs of two seeds": ([ONE, TWO], False),
}
SHORT, LONG = 1, 20  # rounds of all mixes


def judge(outcomes, all_succeed):
    """Give the verdict on runs at once, and the problems."""
    problems = [one for each in outcomes for one in find_problems_of_process(each)]
    refused = [one for one in outcomes if one.code == 1]
    if any(one.code not in (0, 1) for one in outcomes) or len(refused) == len(outcomes):
        problems.append(f"exit codes {[one.code for one in outcomes]}")
    if all_succeed and refused:
        problems.append(f"refused: {refused[0].output[-500:]!r}")
    for one in refused:
        errors = re.findall("^Error: (.*)$", one.output, re.MULTILINE)
        problems += find_problems_of_message(
            "".join(errors), "runs.max_wait", "process"
        )
    return REFUSED if refused else NEW, problems


def test_runs_at_once_end_as_one_alone(zygote, tally, campaign, projects, tmp_path):
    def run_alone(project, words):
        alone = zygote.do("kedro", project=str(project), words=["run", *words])
        assert alone.code == 0, alone.output

    before = tmp_path / "before"
    shutil.copytree(projects("complete"), before)
    for words in (DATA, ELSEWHERE, REPORT):  # as the runs at once, one by one
        run_alone(before, words)
    ends = {name: [take_snapshot(before)] for name in MIXES}
    ends["two runs of two seeds"] = []
    for words in (ONE, TWO):
        after = tmp_path / words[-1]
        shutil.copytree(before, after)
        run_alone(after, words)
        ends["two runs of two seeds"].append(take_snapshot(after))
    injected = 0
    for number in range(LONG if campaign else SHORT):
        for name, (runs, all_succeed) in MIXES.items():
            project = tmp_path / f"{number} {name}"
            shutil.copytree(before, project)
            trials = [
                Trial("kedro", {"project": str(project), "words": ["run", *words]})
                for words in runs
            ]
            outcomes = zygote.run(trials, jobs=len(trials))
            verdict, problems = judge(outcomes, all_succeed)
            found = take_snapshot(project)
            differences = [compare_snapshots(found, end) for end in ends[name]]
            problems += min(differences, key=len)
            problems += find_leftovers(project / "data")
            tally.judge(name, verdict, problems, f"round {number}")
            shutil.rmtree(project)
            injected += 1
    tally.check(injected)

"""Kill a run at any time and at any file operation, run again, and compare.

Each run that was killed must end, run again, with the artifacts of a run that was never
killed, and between the two every artifact must be whole.
"""

import random
import shutil
from dataclasses import asdict

import pytest
from fault_project import VOLATILE, compare_snapshots, in_campaign, take_snapshot
from fault_verdicts import NEW, find_leftovers, find_problems_of_process
from fault_zygote import CHANGES, Fault, Trial

JOBS = 2
CHUNK = 8  # projects on the disk at once
SIGKILL = 9
# Name -> what was run before, the words of the run, kills in the short form and in the
# campaign; None for a kill at every file operation.
SCENARIOS = {
    "data_processing, the first run": (
        "empty",
        ["--pipelines", "data_processing"],
        3,
        None,
    ),
    "data_processing over another seed": (
        "complete",
        ["--pipelines", "data_processing", "--params", "seed=1"],
        1,
        150,
    ),
    "facenet_svm over another C": (
        "complete",
        [
            *("--pipelines", "facenet_svm", "--params", "facenet_svm.svm.C=0.001"),
            "--from-nodes=facenet_svm.validate,facenet_svm.cross_validate,facenet_svm.fit",
        ],
        1,
        150,
    ),
    "reporting over other settings": (
        "complete",
        ["--pipelines", "reporting", "--params", "reporting.examples.max_faces=3"],
        1,
        100,
    ),
    "facenet_svm, the first run": ("prepared", ["--pipelines", "facenet_svm"], 0, 12),
    "scratch_cnn, the first run": ("prepared", ["--pipelines", "scratch_cnn"], 0, 24),
}
RANDOM_TIMES = 0.2  # fraction of the kills that come at a random time


def plan_kills(number, operations, seconds, seed):
    """Choose kills: at an operation, or after a time."""
    rng = random.Random(seed)
    if number is None:
        number = round(operations / (1 - RANDOM_TIMES))
    at_times = round(number * RANDOM_TIMES)
    points = rng.sample(range(1, operations + 1), min(number - at_times, operations))
    kills = [("operation", point) for point in points]
    kills += [("seconds", rng.uniform(0, seconds)) for _ in range(at_times)]
    rng.shuffle(kills)
    return kills


def make_trials(project, words, kill):
    """Give the run to be killed and the run after it."""
    how, point = kill
    command = {"project": str(project), "words": ["run", *words]}
    if how == "operation":
        fault = asdict(Fault(str(project / "data"), point, CHANGES))
        killed = Trial("kedro", command | {"fault": fault})
    else:
        killed = Trial("kedro", command, kill_after=point)
    only_missing = ["--only-missing-outputs"] if hash(point) % 2 else []
    again = Trial("kedro", command | {"words": ["run", *words, *only_missing]})
    return killed, again


def judge(killed, checked, again, project, unbroken):
    """Give the verdict on a killed run and the one after it, and the problems."""
    problems = find_problems_of_process(again)
    if killed.code not in (0, -SIGKILL):  # a late kill finds a run that has ended
        problems.append(f"before the kill: {killed.code} {killed.output[-500:]!r}")
    if checked is not None:
        broken = {name: text for name, text in (checked.result or {}).items() if text}
        if checked.result is None or broken:
            problems.append(
                f"not whole after a kill: {broken or checked.output[-500:]}"
            )
    if again.code:
        problems.append(f"exit code {again.code}: {again.output[-700:]!r}")
    else:
        problems += compare_snapshots(take_snapshot(project), unbroken)
    left = find_leftovers(project / "data")
    problems += [f"left {name}" for name in left if VOLATILE not in name]
    return problems


@pytest.mark.parametrize(
    "scenario",
    [
        name if short else in_campaign(name)[0]
        for name, (*_, short, _) in SCENARIOS.items()
    ],
)
def test_a_killed_run_ends_as_an_unbroken_one(
    zygote, tally, campaign, projects, scenario, tmp_path
):
    state, words, short, long = SCENARIOS[scenario]
    before = projects(state)
    unbroken = tmp_path / "unbroken"
    shutil.copytree(before, unbroken)
    log = tmp_path / "log"
    fault = asdict(Fault(str(unbroken / "data"), log=str(log)))
    whole = zygote.do(
        "kedro", project=str(unbroken), words=["run", *words], fault=fault
    )
    assert whole.code == 0, whole.output
    expected = take_snapshot(unbroken)
    assert expected != take_snapshot(before), "the run should change something"
    operations = len(log.read_text().splitlines())
    number = long if campaign else short
    kills = plan_kills(number, operations, whole.seconds, scenario)

    for first in range(0, len(kills), CHUNK):
        chunk = kills[first : first + CHUNK]
        folders = [tmp_path / f"{first + index}" for index in range(len(chunk))]
        for folder in folders:
            shutil.copytree(before, folder)
        trials = [
            make_trials(folder, words, kill)
            for folder, kill in zip(folders, chunk, strict=True)
        ]
        killed = zygote.run([one for one, _ in trials], JOBS)
        checks = [Trial("check_all", {"project": str(one)}) for one in folders[::3]]
        checked = zygote.run(checks, JOBS)
        again = zygote.run([one for _, one in trials], JOBS)
        for index, (kill, folder) in enumerate(zip(chunk, folders, strict=True)):
            check = None if index % 3 else checked[index // 3]
            outcomes = killed[index], check, again[index]
            problems = judge(*outcomes, folder, expected)
            name = f"{scenario}: {kill[0]} {kill[1]:g} of {operations}"
            tally.judge(f"kill -9, {scenario}", NEW, problems, name)
            shutil.rmtree(folder)
    tally.check(len(kills))

"""Damage every file of every artifact and its record, then load it and run from it."""

import random
import re
import shlex
import shutil
from pathlib import Path

import fault_damage
import pytest
from fault_project import compare_snapshots, take_snapshot
from fault_verdicts import (
    AS_BEFORE,
    MAX_MEMORY,
    REFUSED,
    find_problems_of_message,
    find_problems_of_process,
)
from fault_zygote import Trial

JOBS = 2
# In the short form; the campaign takes them all.
FILES = 2  # of a folder
KINDS = 1  # of damage to a file
COMMAND = re.compile(r"`(kedro run[^`]*)`")
REPAIRS_SHORT, REPAIRS = 2, 80
RUNS_SHORT, RUNS = 2, 60
# Runs whose inputs are damaged, as Kedro's words.
READERS = (
    ["--pipelines", "facenet_svm"],
    ["--pipelines", "facenet_svm", "--from-nodes", "facenet_svm.fit"],
    ["--pipelines", "data_processing", "--nodes", "data_processing.make_test_photos"],
    ["--pipelines", "reporting"],
)


def list_files(path):
    """List the files of an artifact, and its record."""
    path = Path(path)
    inside = [one for one in sorted(path.rglob("*")) if one.is_file()]
    return (inside if path.is_dir() else [path]), path.with_name(
        f".{path.name}.record.json"
    )


@pytest.fixture(scope="module")
def project(projects, tmp_path_factory):
    """A copy of a project in which runs have made something."""
    folder = tmp_path_factory.mktemp("damage") / "project"
    shutil.copytree(projects("complete"), folder)
    return folder


@pytest.fixture(scope="module")
def artifacts(zygote, project):
    """Dataset -> path of every artifact that is there."""
    return zygote.do("list_artifacts", project=str(project)).result


def plan_damages(artifacts, campaign):
    """List dataset -> damages: path, kind, seed."""
    plans = {}
    kinds = len(fault_damage.KINDS) if campaign else KINDS
    for name, path in artifacts.items():
        files, record = list_files(path)
        if not campaign:
            files = random.Random(name).sample(files, min(FILES, len(files)))
        plans[name] = [
            (str(file), kind, f"{file.name} {kind}")
            for file in (*files, record)
            for kind in random.Random(file.name).sample(fault_damage.KINDS, kinds)
        ]
    return plans


def test_a_damaged_artifact_is_not_loaded(zygote, tally, campaign, project, artifacts):
    before = take_snapshot(project)
    plans = plan_damages(artifacts, campaign)
    trials = [
        Trial(
            "load_damaged",
            {"project": str(project), "name": name, "damages": damages},
        )
        for name, damages in plans.items()
    ]
    base = zygote.do("list_artifacts", project=str(project)).peak_mb

    outcomes = zygote.run(trials)

    injected = 0
    for (name, damages), outcome in zip(plans.items(), outcomes, strict=True):
        problems = find_problems_of_process(outcome)
        if outcome.peak_mb > base + MAX_MEMORY:
            problems.append(f"{outcome.peak_mb:.0f} MB")
        assert not problems and outcome.result, (name, problems, outcome.output[-500:])
        for (path, kind, _), result in zip(damages, outcome.result, strict=True):
            if result["same"]:
                continue
            injected += 1
            where = str(project / artifacts[name])
            problems = []
            if result["message"]:
                problems = find_problems_of_message(result["message"], where)
                known = COMMAND.search(result["message"]) or name == "run_record"
                if not known and path.startswith(where):
                    problems.append(f"no command in {result['message']!r}")
            elif result["unexpected"] or not result["intact"]:
                problems = [f"loaded or raised: {result}"]
            verdict = REFUSED if result["message"] else AS_BEFORE
            kind_of_file = "record" if path.endswith(".record.json") else "artifact"
            tally.judge(f"damaged {kind_of_file}, {kind}", verdict, problems, path)
    tally.check(injected)
    assert compare_snapshots(take_snapshot(project), before) == []


def damage_copies(project, artifacts, names, folder):
    """Copy the project and damage one artifact, once for each name."""
    for index, (name, kind) in enumerate(names):
        copy = folder / str(index)
        shutil.copytree(project, copy)
        files, record = list_files(copy / Path(artifacts[name]).relative_to(project))
        chosen = random.Random(f"{name} {kind} {index}").choice([*files, record])
        fault_damage.damage(chosen, kind, f"{name} {kind}")
        yield copy, chosen


def test_the_command_of_the_refusal_repairs(
    zygote, tally, campaign, project, artifacts, tmp_path
):
    before = take_snapshot(project)
    rng = random.Random(0)
    quick = [
        name
        for name in artifacts
        if name != "run_record"
        and (campaign or "." not in name or name.startswith("reporting"))
    ]
    number = REPAIRS if campaign else REPAIRS_SHORT
    chosen = [
        (rng.choice(quick), rng.choice(fault_damage.KINDS)) for _ in range(number)
    ]
    injected = 0
    for start in range(0, number, 8):
        part = chosen[start : start + 8]
        copies = list(damage_copies(project, artifacts, part, tmp_path / str(start)))
        checks = [Trial("check_all", {"project": str(copy)}) for copy, _ in copies]
        commands = []
        for (name, _), (copy, _), outcome in zip(
            part, copies, zygote.run(checks, JOBS), strict=True
        ):
            found = COMMAND.search((outcome.result or {}).get(name) or "")
            maker = name.partition(".")[0] if "." in name else "data_processing"
            # A run that meets a damaged record names the pipeline that makes it.
            words = ["run", "--pipelines", maker, "--only-missing-outputs"]
            words = shlex.split(found[1])[1:] if found else words
            commands.append({"project": str(copy), "words": words})
        done = zygote.run([Trial("kedro", c) for c in commands], JOBS)
        for (name, kind), (copy, file), command, outcome in zip(
            part, copies, commands, done, strict=True
        ):
            problems = find_problems_of_process(outcome)
            if outcome.code:
                problems.append(f"exit code {outcome.code}: {outcome.output[-500:]!r}")
            else:
                problems += compare_snapshots(take_snapshot(copy), before)
            trial = f"{name}, {file.name} {kind}: kedro {shlex.join(command['words'])}"
            tally.judge("damaged artifact, repaired", "new", problems, trial)
            injected += 1
            shutil.rmtree(copy)
    tally.check(injected)


def test_a_run_refuses_damaged_inputs(
    zygote, tally, campaign, project, artifacts, tmp_path
):
    rng = random.Random(1)
    shared = ["train_table", "test_table", "class_names", "test_images", "train_images"]
    shared += ["train_photos", "test_photos", "data_processing.test_labels"]
    own = ["facenet_svm.train_features", "facenet_svm.test_probabilities"]
    number = RUNS if campaign else RUNS_SHORT
    names = rng.choices([*shared, *own], k=number)
    chosen = [(name, rng.choice(fault_damage.KINDS)) for name in names]
    for start in range(0, number, 8):
        part = chosen[start : start + 8]
        copies = list(damage_copies(project, artifacts, part, tmp_path / str(start)))
        snapshots = [take_snapshot(copy) for copy, _ in copies]
        readers = [rng.choice(READERS) for _ in copies]
        runs = [
            Trial("kedro", {"project": str(copy), "words": ["run", *words]})
            for (copy, _), words in zip(copies, readers, strict=True)
        ]
        for (name, kind), (copy, file), snapshot, words, outcome in zip(
            part, copies, snapshots, readers, zygote.run(runs, JOBS), strict=True
        ):
            problems = find_problems_of_process(outcome)
            verdict = REFUSED
            if outcome.code == 0:  # this run does not need it, or leaves it out
                verdict = AS_BEFORE
            else:
                [error] = re.findall("^Error: (.*)$", outcome.output, re.MULTILINE) or [
                    outcome.output
                ]
                problems += find_problems_of_message(error)
                if not COMMAND.search(error):
                    problems.append(f"no command in {error!r}")
                problems += compare_snapshots(take_snapshot(copy), snapshot)
            trial = f"{name}, {file.name} {kind}: kedro run {shlex.join(words)}"
            tally.judge("damaged input of a run", verdict, problems, trial)
            shutil.rmtree(copy)
    tally.check(number)

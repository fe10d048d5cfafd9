"""Exchange inputs, take them from other runs, or reorder their rows; then run.

A run must refuse what it did not make so, or make what it makes anyway.
"""

import itertools
import json
import random
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fault_project import compare_snapshots, take_snapshot
from fault_verdicts import (
    AS_BEFORE,
    REFUSED,
    find_problems_of_message,
    find_problems_of_process,
)
from fault_zygote import Trial

from lfw17_kedro.datasets.artifact_record import (
    find_record,
    hash_content,
    read_versions,
    write_versions,
)

JOBS = 2
CHUNK = 8
SVM = ",".join(f"facenet_svm.{name}" for name in ("validate", "cross_validate", "fit"))
READERS = {  # run -> the inputs that it reads
    ("--pipelines", "facenet_svm", "--from-nodes", SVM): (
        "train_table",
        "test_table",
        "class_names",
        "facenet_svm.train_features",
        "facenet_svm.test_features",
        "train_detections",
        "test_detections",
    ),
    ("--pipelines", "facenet_svm", "--from-nodes", "facenet_svm.score"): (
        "train_table",
        "test_table",
        "facenet_svm.validation_probabilities",
        "facenet_svm.test_probabilities",
        "facenet_svm.uncalibrated_validation_probabilities",
        "facenet_svm.uncalibrated_test_probabilities",
        "facenet_svm.calibration",
        "facenet_svm.metadata",
        "facenet_svm.cross_validation",
    ),
    ("--pipelines", "reporting"): (
        "train_images",
        "test_images",
        "train_table",
        "test_table",
        "class_names",
        "source_card",
        "facenet_svm.train_features",
        "facenet_svm.test_features",
        "facenet_svm.validation_probabilities",
        "facenet_svm.test_probabilities",
        "facenet_svm.metrics",
        "scratch_cnn.validation_probabilities",  # in the campaign
        "scratch_cnn.test_probabilities",
        "scratch_cnn.metrics",
    ),
}
WAYS = ("content and record", "content", "record")
SHORT = 2


@pytest.fixture(scope="module")
def artifacts(zygote, projects):
    """Dataset -> path inside the project."""
    project = projects("complete")
    found = zygote.do("list_artifacts", project=str(project)).result
    return {name: Path(path).relative_to(project) for name, path in found.items()}


@pytest.fixture(scope="module")
def judge_mixed(zygote, tally, campaign, projects, tmp_path_factory):
    """Change copies of the complete project, run what reads the change, judge."""

    def judge_all(kind, cases):
        """Cases are: what it is, the words of the run, a function of the project."""
        chosen = random.Random(kind).sample(cases, len(cases) if campaign else SHORT)
        for first in range(0, len(chosen), CHUNK):
            folder = tmp_path_factory.mktemp("mixed")
            part, copies, trials = chosen[first : first + CHUNK], [], []
            for index, (_, words, change) in enumerate(part):
                copies.append(folder / str(index))
                shutil.copytree(projects("complete"), copies[-1])
                change(copies[-1])
                command = {"project": str(copies[-1]), "words": ["run", *words]}
                trials.append(Trial("kedro", command))
            before = [take_snapshot(copy) for copy in copies]
            outcomes = zygote.run(trials, JOBS)
            for (name, words, _), copy, snapshot, outcome in zip(
                part, copies, before, outcomes, strict=True
            ):
                verdict, problems = judge(copy, snapshot, outcome)
                tally.judge(kind, verdict, problems, f"{name}: kedro run {words}")
            shutil.rmtree(folder)
        tally.check(len(chosen))

    return judge_all


def judge(project, before, outcome):
    """Give the verdict on a run that read what was mixed."""
    problems = find_problems_of_process(outcome)
    changed = compare_snapshots(take_snapshot(project), before)
    if outcome.code:
        errors = re.findall("^Error: (.*)$", outcome.output, re.MULTILINE)
        for error in errors or [outcome.output[-500:]]:
            problems += find_problems_of_message(error)
        return REFUSED, problems + changed
    left_out = json.loads(
        (project / "data/08_reporting/orl/left_out.json").read_text(encoding="utf-8")
    )
    if "facenet_svm" in left_out or "WARNING /" in outcome.output:
        return REFUSED, problems  # the report says so
    return AS_BEFORE, problems + changed


def exchange(one, other, way):
    """Exchange two artifacts, their records, or both."""
    pairs = [(find_record(one), find_record(other))] if way != "content" else []
    pairs += [(one, other)] if way != "record" else []
    for left, right in pairs:
        spare = left.with_name(f"{left.name}.spare")
        left.rename(spare)
        right.rename(left)
        spare.rename(right)


def take_over(project, other, path):
    """Take an artifact and its record from another project."""
    for file in (project / path, find_record(project / path)):
        source = other / file.relative_to(project)
        if file.is_dir():
            shutil.rmtree(file)
            shutil.copytree(source, file)
        else:
            shutil.copyfile(source, file)


def reverse_rows(path, rewrite):
    """Reverse the rows of a table or of features.

    Args:
        path: of the artifact.
        rewrite: whether the record is made to fit; otherwise it is removed.
    """
    versions = read_versions(path)
    if path.suffix == ".csv":
        pd.read_csv(path, dtype=str)[::-1].to_csv(path, index=False)
    else:
        with np.load(path) as stored:
            arrays = {k: v[::-1] if v.ndim else v for k, v in stored.items()}
        np.savez(path, **arrays)
    if not rewrite:
        find_record(path).unlink()
        return
    content = hash_content(path)
    changed = replace(versions[0], sha256=content.sha256, size=content.size)
    write_versions(path, [changed])


def test_exchanged_inputs_are_refused_or_without_effect(judge_mixed, artifacts):
    cases = []
    for words, names in READERS.items():
        for one, other in itertools.combinations(names, 2):
            paths = artifacts.get(one), artifacts.get(other)
            if None in paths or paths[0].suffix != paths[1].suffix:
                continue
            for way in WAYS:

                def change(project, paths=paths, way=way):
                    exchange(project / paths[0], project / paths[1], way)

                cases.append((f"{one} and {other}, {way}", words, change))
    judge_mixed("inputs exchanged", cases)


def test_inputs_of_other_runs_are_refused_or_without_effect(
    judge_mixed, artifacts, projects
):
    cases = []
    for state in ("another seed", "other faces"):
        other = projects(state)
        for words, names in READERS.items():
            for name in names:
                if name not in artifacts:
                    continue

                def change(project, other=other, path=artifacts[name]):
                    take_over(project, other, path)

                cases.append((f"{name} of {state}", words, change))
    judge_mixed("inputs of another run", cases)


def test_reordered_rows_are_refused_or_without_effect(judge_mixed, artifacts):
    cases = []
    for words, names in READERS.items():
        for name in names:
            if name not in artifacts or artifacts[name].suffix not in (".csv", ".npz"):
                continue
            for rewrite in (False, True):
                # The images are an array without ids: what tells that the table of
                # the images was reordered is its record alone.
                if rewrite and name.endswith("_table"):
                    continue
                # The report finds features by their ids: its map shows the same
                # faces, drawn in another order.
                if rewrite and name.endswith("_features") and "reporting" in words:
                    continue

                def change(project, path=artifacts[name], rewrite=rewrite):
                    reverse_rows(project / path, rewrite)

                record = "rewritten" if rewrite else "removed"
                cases.append((f"{name}, record {record}", words, change))
    judge_mixed("rows reordered", cases)

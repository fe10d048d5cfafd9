"""Judge runs of data_processing that should succeed, or be refused."""

import re

from fault_project import compare_snapshots, take_snapshot
from fault_verdicts import (
    find_leftovers,
    find_problems_of_message,
    find_problems_of_process,
)


def find_error(outcome):
    """Give the error of a run and what is wrong with it."""
    errors = re.findall("^Error: (.*)$", outcome.output, re.MULTILINE)
    if len(errors) != 1:
        return "", [f"{len(errors)} errors in {outcome.output[-600:]!r}"]
    return errors[0], find_problems_of_message(errors[0])


def judge_success(outcome, project, expected):
    """Say what is wrong with a run that should succeed."""
    problems = find_problems_of_process(outcome)
    if outcome.code:
        return [*problems, f"exit code {outcome.code}: {outcome.output[-600:]!r}"]
    problems += compare_snapshots(take_snapshot(project), expected)
    return problems + find_leftovers(project / "data")


def judge_refusal(outcome, project, before, *mentions):
    """Say what is wrong with a run that should be refused and change nothing."""
    problems = find_problems_of_process(outcome)
    if outcome.code != 1:
        problems.append(f"exit code {outcome.code}: {outcome.output[-600:]!r}")
    error, wrong = find_error(outcome)
    problems += [*wrong, *(f"no {one}" for one in mentions if one not in error)]
    return problems + compare_snapshots(take_snapshot(project), before)

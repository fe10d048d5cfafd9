"""Run where artifacts are symbolic links, folders have odd names, or one is gone."""

import shutil
from pathlib import Path

import pytest
from fault_project import compare_snapshots, in_campaign, take_snapshot
from fault_runs import judge_refusal, judge_success
from fault_verdicts import AS_BEFORE, NEW, REFUSED, find_problems_of_process

DATA = ["run", "--pipelines", "data_processing"]
LAYER = Path("data/03_primary/orl")
LINKS = ["train_photos", *in_campaign("train_images.npy", "train_table.csv", "")]


@pytest.mark.parametrize("name", LINKS)  # "": the whole layer
@pytest.mark.parametrize("kind", ["link", "dangling", "loop"])
def test_symbolic_links(zygote, tally, prepared, name, kind, tmp_path):
    before = take_snapshot(prepared)
    path, disk = prepared / LAYER / name, tmp_path / "disk"
    disk.mkdir()
    target = disk / path.name
    if kind == "link":
        path.rename(target)
        if name:
            record = path.with_name(f".{name}.record.json")
            record.rename(target.with_name(record.name))
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    path.symlink_to(path if kind == "loop" else target)
    stays = take_snapshot(prepared)

    outcome = zygote.do("kedro", project=str(prepared), words=DATA)

    # A folder between data/ and the artifact is not made where a link leads nowhere.
    if kind == "loop" or (kind == "dangling" and not name):
        problems = judge_refusal(outcome, prepared, stays, path.name)
    else:
        problems = find_problems_of_process(outcome)
        if outcome.code:
            problems.append(f"exit code {outcome.code}: {outcome.output[-600:]!r}")
        if not path.is_symlink():
            problems.append("the link is gone")
        whole = zygote.do("check_all", project=str(prepared))
        if set((whole.result or {0: 1}).values()) != {None}:
            problems.append(f"not whole: {whole.result} {whole.output[-500:]}")
        path.unlink()
        if target.exists():
            target.rename(path)
        for record in disk.glob(".*.record.json"):
            record.rename(path.with_name(record.name))
        problems += compare_snapshots(take_snapshot(prepared), before)
    verdict = REFUSED if outcome.code else NEW
    tally.judge("symbolic link", verdict, problems, f"{kind} {name}")
    tally.check(1)


ODD = ["new\nline", "ünïcödé 李"]
ODD += in_campaign("with spaces", "qu'o\"te", "x" * 200, "$(touch a);", "-p")


@pytest.mark.parametrize("name", ODD)
def test_odd_folder_names(zygote, tally, projects, name, tmp_path):
    project = tmp_path / name
    shutil.copytree(projects("prepared"), project)
    before = take_snapshot(project)
    shutil.rmtree(project / LAYER)

    outcome = zygote.do("kedro", project=str(project), words=DATA)

    tally.judge("odd path", NEW, judge_success(outcome, project, before), repr(name))
    tally.check(1)


def test_a_deleted_working_folder(zygote, tally, prepared):
    before = take_snapshot(prepared)
    outcome = zygote.do("run_from_deleted_folder", project=str(prepared))

    problems = judge_success(outcome, prepared, before)
    tally.judge("working folder deleted", AS_BEFORE, problems, "session")
    tally.check(1)

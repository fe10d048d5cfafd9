"""Run where the clock, the language, the rights, the paths or the disk are odd."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import yaml
from fault_project import RAW, compare_snapshots, in_campaign, take_snapshot
from fault_runs import find_error, judge_refusal, judge_success
from fault_verdicts import (
    AS_BEFORE,
    REFUSED,
    find_leftovers,
    find_problems_of_message,
    find_problems_of_process,
)
from fault_zygote import SRC

DATA = ["run", "--pipelines", "data_processing"]
NOBODY = 65534
MOUNT, UMOUNT = (shutil.which(name) or name for name in ("mount", "umount"))
YEAR = 365 * 86400
LAYER = Path("data/03_primary/orl")
NAMES = ["Şule İnce", "Zoë", "李 明"]

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root may become another user or mount a disk",
)


@pytest.fixture
def open_folder():
    """A folder that every user may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("years", [40, *in_campaign(-40)])
@pytest.mark.parametrize("words", [[], ["--only-missing-outputs"]])
def test_a_wrong_clock_changes_nothing(zygote, tally, prepared, years, words):
    before = take_snapshot(prepared)
    for number, path in enumerate(sorted((prepared / "data").rglob("*"))):
        moment = time.time() + YEAR * (number % 5 - 2)
        os.utime(path, (moment, moment))

    outcome = zygote.do(
        "kedro", project=str(prepared), words=[*DATA, *words], years=years
    )

    problems = judge_success(outcome, prepared, before)
    tally.judge("clock set wrong", AS_BEFORE, problems, f"{years} years")
    tally.check(1)


@pytest.mark.parametrize(
    "zone", ["nonsense", *in_campaign("Pacific/Kiritimati", "America/St_Johns")]
)
def test_time_zones_change_nothing(zygote, tally, prepared, zone):
    before = take_snapshot(prepared)

    outcome = zygote.do(
        "kedro", project=str(prepared), words=DATA, environment={"TZ": zone}
    )

    problems = judge_success(outcome, prepared, before)
    tally.judge("odd time zone or language", AS_BEFORE, problems, zone)
    tally.check(1)


@pytest.mark.parametrize("language", ["C", *in_campaign("POSIX", "tr_TR.UTF-8")])
def test_languages_change_nothing(tally, projects, language, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(projects("empty"), project)
    text = yaml.safe_dump({"raw_faces": RAW | {"class_names": NAMES}})
    (project / "conf/local/catalog.yml").write_text(text, encoding="utf-8")

    def run(**changes):
        paths = {"PYTHONPATH": str(SRC)}
        done = subprocess.run(
            [sys.executable, "-m", "kedro", *DATA],
            cwd=project,
            env=os.environ | paths | changes,
            capture_output=True,
            check=False,
        )
        output = (done.stdout + done.stderr).decode(errors="replace")
        assert "Traceback" not in output
        return done.returncode, output

    assert run(LC_ALL="C.UTF-8")[0] == 0
    expected = take_snapshot(project)
    code, output = run(LC_ALL=language, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")

    problems = compare_snapshots(take_snapshot(project), expected)
    if code:  # a name of a file that this language cannot hold
        [error] = re.findall("^Error: (.*)$", output, re.MULTILINE)
        problems += find_problems_of_message(error, "PYTHONUTF8=1")
    verdict = REFUSED if code else AS_BEFORE
    tally.judge("odd time zone or language", verdict, problems, language)
    tally.check(1)


@needs_root
@pytest.mark.parametrize("mode", [0o755, *in_campaign(0o700, 0o444)])
def test_folders_of_another_user_are_named(zygote, tally, projects, mode, open_folder):
    project = open_folder / "project"
    shutil.copytree(projects("prepared"), project)
    before = take_snapshot(project)
    for path in (project / "data", *(project / "data").rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.chown(project / LAYER, 0, 0)
    (project / LAYER).chmod(mode)

    outcome = zygote.do("kedro", project=str(project), words=DATA, user=NOBODY)

    (project / LAYER).chmod(0o755)
    problems = judge_refusal(outcome, project, before, str(LAYER))
    tally.judge("folder without rights", REFUSED, problems, f"{mode:o}")
    tally.check(1)


@needs_root
@pytest.mark.parametrize(
    "name", ["train_photos", *in_campaign("test_table.csv", "train_images.npy")]
)
def test_artifacts_without_rights_are_named(zygote, tally, projects, name, open_folder):
    project = open_folder / "project"
    shutil.copytree(projects("prepared"), project)
    before = take_snapshot(project)
    for path in (project / "data").rglob("*"):
        os.chown(path, NOBODY, NOBODY)
    path = project / LAYER / name
    os.chown(path, 0, 0)
    path.chmod(0)

    outcome = zygote.do("check_all", project=str(project), user=NOBODY)

    path.chmod(0o755)
    messages = [text for text in (outcome.result or {}).values() if text]
    problems = find_problems_of_process(outcome)
    problems += [] if len(messages) == 1 else [f"{messages} {outcome.output[-500:]}"]
    for message in messages:
        problems += find_problems_of_message(message, name)
    problems += compare_snapshots(take_snapshot(project), before)
    tally.judge("artifact without rights", REFUSED, problems, name)
    tally.check(1)


@pytest.mark.parametrize("size", [20_000, *in_campaign(12_000, 60_000)])
def test_files_that_cannot_grow(zygote, tally, prepared, size):
    before = take_snapshot(prepared)

    outcome = zygote.do("kedro", project=str(prepared), words=DATA, largest_file=size)

    problems = judge_refusal(outcome, prepared, before, "the disk is full")
    tally.judge("disk full", REFUSED, problems, f"{size} bytes")
    tally.check(1)


@needs_root
@pytest.mark.parametrize("size", ["200k", *in_campaign("40k", "400k")])
def test_a_full_disk_keeps_what_was_there(zygote, tally, projects, size, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(projects("empty"), project)
    disk = project / "data/03_primary"
    disk.mkdir()
    mount = [MOUNT, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system lets no disk be mounted")
    try:
        full = zygote.do("kedro", project=str(project), words=DATA)
        _, problems = find_error(full)
        problems += find_problems_of_process(full)
        problems += find_leftovers(project / "data")
        whole = zygote.do("check_all", project=str(project))
        if set((whole.result or {0: 1}).values()) != {None}:
            problems.append(f"not whole: {whole.result} {whole.output[-500:]}")
        command = [MOUNT, "-o", "remount,size=64m", disk]
        subprocess.run(command, check=True)
        again = zygote.do(
            "kedro", project=str(project), words=[*DATA, "--only-missing-outputs"]
        )
        problems += judge_success(again, project, take_snapshot(projects("prepared")))
    finally:
        subprocess.run([UMOUNT, disk], check=True)
    tally.judge("disk full", REFUSED, problems, size)
    tally.check(1)

"""Fail the n-th system call of every dataset's save, once or from then on."""

import errno
import random
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import fault_samples
import pytest
from fault_verdicts import (
    AS_BEFORE,
    NEW,
    find_leftovers,
    find_problems_of_message,
    find_problems_of_process,
)
from fault_zygote import CHANGES, OPERATIONS, Fault, Trial

KIND = "failed system call, in a save"
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
SHORT, LONG = 3, 120  # faults for each kind of dataset
LONG_NATIVE = 50  # TensorFlow takes a second to start
JOBS = 2
KINDS = fault_samples.pick_kinds()


@dataclass(frozen=True)
class Prepared:
    """A saved old version, and what the two versions load as."""

    folder: Path
    hashes: tuple[str, str]
    counts: dict[str, int]


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def entry(request):
    return request.param


def prepare(zygote, entry, folder):
    """Save the old version of an entry; count the operations of saving the new one."""
    log = folder / "log"
    old, new = folder / "old", folder / "new"
    hashes = []
    for version in (0, 1):
        fault = Fault(str(new), log=str(log)) if version else None
        if version:
            shutil.copytree(old, new)
        to = new if version else old
        saved = zygote.do(
            "save",
            entry=entry,
            folder=str(to),
            version=version,
            fault=fault and asdict(fault),
        )
        assert saved.result == saved.result | {"message": None, "unexpected": None}
        hashes.append(zygote.do("load", entry=entry, folder=str(to)).result["hash"])
    done = [int(line.split()[1]) for line in log.read_text().splitlines()]
    counts = {
        name: done.count(bit) for name, bit in OPERATIONS.items() if name != "read"
    }
    assert hashes[0] != hashes[1]
    assert counts["fsync"] >= 3, "a save should reach the disk"
    return Prepared(old, tuple(hashes), counts | {"all": sum(counts.values())})


def list_faults(counts):
    """Give every fault: operation, n, error, transient or persistent."""
    return [
        (operation, at, error, persistent)
        for operation, count in counts.items()
        for at in range(1, count + 1)
        for error in ERRORS
        for persistent in (False, True)
        if operation != "all" or persistent
    ]


def judge(saved, loaded, again, folder, hashes):
    """Give the verdict on a save that suffered a fault, and the problems."""
    problems = find_problems_of_process(saved)
    if problems or saved.result is None:
        return None, problems or [f"exit code {saved.code}: {saved.output[-600:]!r}"]
    result, message = saved.result, saved.result["message"]
    if result["unexpected"]:
        problems.append(f"raised {result['unexpected']}")
    if message:
        problems += find_problems_of_message(message, str(folder))
    found = loaded.result["hash"] if loaded.result else None
    if found not in hashes:
        problems.append(f"neither old nor new: {loaded.result} {loaded.output[-300:]}")
    elif not message and found != hashes[1]:
        problems.append("no error, but the old version")
    if again.result["message"] or again.result["unexpected"]:
        problems.append(f"the next save failed: {again.result}")
    problems += [f"left {name} for ever" for name in find_leftovers(folder)]
    return NEW if found == hashes[1] else AS_BEFORE, problems


def test_a_save_leaves_the_old_or_the_new_version(
    zygote, tally, campaign, entry, tmp_path
):
    prepared = prepare(zygote, entry, tmp_path)
    faults = list_faults(prepared.counts)
    native = fault_samples.read_entries()[entry]["dataset"].endswith(
        fault_samples.NATIVE
    )
    number = (LONG_NATIVE if native else LONG) if campaign else SHORT
    chosen = random.Random(entry).sample(faults, min(number, len(faults)))
    folders = [tmp_path / str(index) for index in range(len(chosen))]
    saves, loads, saves_again = [], [], []
    for folder, (operation, at, error, persistent) in zip(folders, chosen, strict=True):
        shutil.copytree(prepared.folder, folder)
        mask = OPERATIONS.get(operation, CHANGES)
        fault = asdict(Fault(str(folder), at, mask, error, persistent))
        common = {"entry": entry, "folder": str(folder)}
        saves.append(Trial("save", common | {"version": 1, "fault": fault}))
        loads.append(Trial("load", common))
        saves_again.append(Trial("save", common | {"version": 1}))

    saved = zygote.run(saves, JOBS)
    left = [find_leftovers(folder) for folder in folders]
    loaded, again = zygote.run(loads, JOBS), zygote.run(saves_again, JOBS)

    for fault, folder, leftovers, *outcomes in zip(
        chosen, folders, left, saved, loaded, again, strict=True
    ):
        verdict, problems = judge(*outcomes, folder, prepared.hashes)
        if leftovers and fault[0] not in ("unlink", "all"):
            problems.append(f"left {leftovers[0]}")
        operation, at, error, persistent = fault
        name = f"{entry}: {operation} {at}{'+' if persistent else ''}"
        tally.judge(KIND, verdict, problems, f"{name} {errno.errorcode[error]}")
    tally.check(len(chosen))

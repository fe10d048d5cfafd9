"""What the processes of trials do. Each function runs in a process of its own."""

import contextlib
import ctypes
import datetime
import os
import resource
import signal
import sys
import time
from pathlib import Path

import fault_damage
import fault_samples
from kedro.io import DatasetError

from lfw17_kedro.lineage.digest import hash_data

SHIM = ctypes.CDLL(None)


@contextlib.contextmanager
def suffer(fault):
    """Let a fault befall what runs inside; gives a function that counts operations."""
    if fault is None:
        yield
        return
    log = fault["log"]
    SHIM.fault_arm(
        fault["root"].encode(),
        fault["operations"],
        ctypes.c_long(fault["at"]),
        fault["error"],
        int(fault["persistent"]),
        log.encode() if log else None,
    )
    try:
        yield
    finally:
        suffer.count = SHIM.fault_disarm()


def save(entry, folder, version, fault=None, largest_file=None):
    """Save a value of an entry; gives the error's message and the operations."""
    dataset = fault_samples.open_entry(entry, folder)
    value = fault_samples.make_value(entry, version)
    message, unexpected = None, None
    _bring_about(largest_file=largest_file)
    with suffer(fault):
        try:
            dataset.save(value)
        except DatasetError as error:
            message = str(error)
        except Exception as error:
            unexpected = repr(error)
    count = suffer.count if fault else 0
    return {"message": message, "unexpected": unexpected, "count": count}


def load(entry, folder, fault=None):
    """Load an entry; gives a hash of the value, or the error's message."""
    dataset = fault_samples.open_entry(entry, folder)
    dataset._optional = False
    value_hash, message, unexpected = None, None, None
    with suffer(fault):
        try:
            value_hash = _load_hash(dataset)
        except DatasetError as error:
            message = str(error)
        except Exception as error:
            unexpected = repr(error)
    return {"hash": value_hash, "message": message, "unexpected": unexpected}


def _load_hash(dataset):
    """Load a dataset and hash the value; of one that is only written, the content."""
    if dataset.options["type"] == fault_samples.EXPORT:
        return dataset.check().sha256
    return hash_data(fault_samples.summarise(dataset.load()))


def kedro(project, words, fault=None, **circumstances):
    """Run a command of Kedro in a project; ends with its exit code."""
    from kedro.framework.cli import main

    os.chdir(project)
    _bring_about(**circumstances)
    sys.argv = ["kedro", *words]
    with suffer(fault):
        main()


def _bring_about(environment=None, years=0, largest_file=None, user=None):
    """Change what a process lives in.

    Args:
        environment: variables to set.
        years: by which the clock is wrong.
        largest_file: bytes that a file may have, in the place of a full disk.
        user: id of the user to become.
    """
    os.environ.update(environment or {})
    time.tzset()
    if years:
        _shift_clock(datetime.timedelta(days=365 * years))
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)


def _shift_clock(shift):
    """Let this process see another time."""
    from lfw17_kedro.lineage import run_record

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.now(tz) + shift

    run_record.datetime = Clock
    seconds, real = shift.total_seconds(), time.time
    time.time = lambda: real() + seconds


def check_all(project, user=None):
    """Check every artifact of a project against its record.

    Returns:
        Dataset -> None if it is whole, else the error's message; missing ones left out.
    """
    found = {}
    _bring_about(user=user)
    for name, dataset in _list_artifacts(project):
        if os.path.lexists(dataset._filepath):
            try:
                dataset.check()
                found[name] = None
            except DatasetError as error:
                found[name] = str(error)
    return found


def list_artifacts(project):
    """Give dataset -> path of every artifact that is there."""
    return {
        name: str(dataset._filepath)
        for name, dataset in _list_artifacts(project)
        if dataset._filepath.exists()
    }


def _list_artifacts(project):
    """Give name and dataset of every stored dataset of a project."""
    from kedro.framework.project import pipelines
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    from lfw17_kedro.hooks.node_calls import find_stored, strip_transcoding

    bootstrap_project(Path(project))
    with KedroSession.create(project) as session:
        catalog = session.load_context().catalog
        names = {
            strip_transcoding(name)
            for pipeline in pipelines.values()
            for name in pipeline.datasets()
        }
        for name in sorted(names):
            dataset = find_stored(catalog, name)
            if dataset is not None:
                yield name, dataset


def load_damaged(project, name, damages):
    """Damage an artifact in one way after the other, and load it each time.

    Args:
        project: folder; as before afterwards.
        name: of the dataset.
        damages: path, kind and seed of each.

    Returns:
        Of each what it did, the error's message and whether the value was as before.
    """
    dataset = dict(_list_artifacts(project))[name]
    dataset._optional = False
    expected = dataset.read_version()
    return [_load_damaged(dataset, expected, *damage) for damage in damages]


def _load_damaged(dataset, expected, path, kind, seed):
    """Damage a file, load the dataset, fix the file."""
    path = Path(path)
    content = path.read_bytes()
    fault_damage.damage(path, kind, seed)
    same = path.is_file() and path.read_bytes() == content
    message, unexpected, intact = None, None, False
    try:
        _load_hash(dataset)
        intact = dataset.read_version() == expected
    except DatasetError as error:
        message = str(error)
    except Exception as error:
        unexpected = repr(error)
    fault_damage.fix(path, content)
    return {
        "same": same,
        "message": message,
        "unexpected": unexpected,
        "intact": intact,
    }


def run_from_deleted_folder(project):
    """Run data_processing in a process whose working folder is gone."""
    import tempfile

    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project
    from kedro.runner import SequentialRunner

    folder = tempfile.mkdtemp()
    os.chdir(folder)
    bootstrap_project(Path(project))
    with KedroSession.create(project) as session:
        os.rmdir(folder)
        session.run(pipeline_names=["data_processing"], runner=SequentialRunner())

import json
import logging

import pytest
from kedro.io import DataCatalog, DatasetError
from recorded_project import Project

from lfw17_kedro.datasets import StoredDataset
from lfw17_kedro.hooks import record_file
from lfw17_kedro.hooks.record_file import copy_record, find_copy, update_record

EMPTY = {"nodes": {}, "runs": {}}
RECORD = Project().run("svm").record


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.json"


@pytest.fixture
def catalog(path):
    """A catalog with a whole record and its copy on disk."""
    stored = StoredDataset(
        dataset="json.JSONDataset", filepath=str(path), optional=True
    )
    catalog = DataCatalog({"run_record": stored})
    catalog.save("run_record", RECORD)
    copy_record(catalog, RECORD)
    return catalog


def load(catalog, path):
    """Give the record that a run begins with."""
    return update_record(catalog, path, dict)


def change(*keys, value):
    """Change one value of a record, at the end of some keys; None: of its first."""
    changed = inner = json.loads(json.dumps(RECORD))
    for key in keys[:-1]:
        inner = inner[next(iter(inner)) if key is None else key]
    inner[keys[-1]] = value
    return changed


OTHER_SHAPES = [
    None,
    1,
    "text",
    [],
    {},
    {"nodes": {}},
    {"nodes": [], "runs": {}},
    {"nodes": {"a": None}, "runs": {}},
    change("nodes", value=3),
    change("nodes", None, "seconds", value="1.0"),
    change("nodes", None, "inputs", value={"a": 1}),
    change("nodes", None, "run", value="9999"),
    change("nodes", None, "tags", value="validate"),
    change("runs", None, "parameters", value=[]),
    change("runs", None, "versions", value=None),
    change("runs", None, "git", value={"revision": None, "dirty": False}),
]
NO_JSON = [b"", b"\xff\xfe", b"\0" * 100, b"[" * 100_000, b'{"a":' * 5_000, b"1e", b"{"]


@pytest.mark.parametrize("content", OTHER_SHAPES[1:])  # a dataset cannot save None
def test_a_whole_file_of_another_shape_is_replaced_by_the_copy(catalog, path, content):
    catalog.save("run_record", content)

    assert load(catalog, path) == RECORD
    assert catalog.load("run_record") == RECORD


@pytest.mark.parametrize("content", NO_JSON)
def test_what_is_no_json_is_replaced_by_the_copy(catalog, path, content, caplog):
    path.write_bytes(content)

    assert load(catalog, path) == RECORD

    (warning,) = caplog.messages
    assert warning.startswith(f"{path}: replaced by .run.copy.json, the copy of the")
    assert catalog.load("run_record") == RECORD


def test_a_record_cut_at_any_byte_is_replaced_by_the_copy(catalog, path, caplog):
    whole = path.read_bytes()
    caplog.set_level(logging.ERROR, "lfw17_kedro")
    for length in [*range(0, len(whole), len(whole) // 200), len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert load(catalog, path) == RECORD, length


@pytest.mark.parametrize(
    "content", NO_JSON + [json.dumps(one).encode() for one in OTHER_SHAPES]
)
def test_without_a_whole_copy_the_record_is_started_afresh(
    catalog, path, content, caplog
):
    path.write_bytes(b"")
    find_copy(path).write_bytes(content)

    assert load(catalog, path) == EMPTY

    (warning,) = caplog.messages
    assert "started afresh, so the report does not show earlier runs" in warning
    assert catalog.load("run_record") == EMPTY


def test_a_huge_copy_is_not_read(catalog, path, monkeypatch):
    monkeypatch.setattr(record_file, "MAX_COPY", 100)
    path.write_bytes(b"")

    assert load(catalog, path) == EMPTY


def test_a_huge_record_is_replaced_by_the_copy(catalog, path):
    with path.open("wb") as file:
        file.truncate(100 << 20)

    assert load(catalog, path) == RECORD


def test_a_lock_that_cannot_be_had_is_named(catalog, path):
    lock = path.with_name(".run.json.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()

    with pytest.raises(DatasetError) as error:
        load(catalog, path)

    assert str(error.value).startswith(f"{lock}: expected to lock the run record, got")
    assert str(error.value).endswith("change the rights of that file, or remove it.")


def test_a_full_disk_is_named(catalog, path, monkeypatch):
    def fill(*arguments, **options):
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patched, pytest.raises(DatasetError) as error:
        patched.setattr("filelock.FileLock.acquire", fill)
        load(catalog, path)

    assert str(error.value).endswith("got: the disk is full; make room and run again.")

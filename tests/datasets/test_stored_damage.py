"""What `StoredDataset` does with artifacts that somebody or something damaged."""

import hashlib
import os

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from tests.datasets.artifacts import CSV, NEW, OLD, ORIGIN, overwrite, write_record

from lfw17_kedro.datasets import StoredDataset, artifact_record
from lfw17_kedro.datasets.artifact_record import read_versions


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda text: text[:-2], "5 bytes"),  # cut at a line's end
        (lambda text: b"", "0 bytes"),
        (lambda text: text.replace(b"1", b"9"), "7 bytes"),
        (lambda text: text + b"3\n", "9 bytes"),
    ],
)
def test_a_damaged_file_is_refused(stored_table, table_file, damage, found):
    overwrite(table_file, damage(table_file.read_bytes()))

    assert not stored_table.exists()
    with pytest.raises(DatasetError) as error:
        stored_table.load()
    assert str(error.value).startswith(
        f"{table_file}: expected a whole artifact, got a damaged one: {found} with "
        "SHA-256"
    )
    assert str(error.value).endswith(
        "run `kedro run --pipelines a --only-missing-outputs` to make it again."
    )


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "Ann/1.jpg").unlink(), r"1 files missing \(Ann/1"),
        (lambda folder: (folder / "x.jpg").touch(), r"1 files too many \(x.jpg\)"),
        (
            lambda folder: (folder / "Ann/1.jpg").replace(folder / "Bob/1.jpg"),
            r"missing \(Ann/1.jpg\), 1 files changed \(Bob/1.jpg\)",
        ),
    ],
)
def test_a_damaged_folder_names_the_file(stored_photos, tmp_path, damage, message):
    damage(tmp_path / "photos")

    with pytest.raises(DatasetError, match=message):
        stored_photos.load()
    assert not stored_photos.exists()


def test_optional_datasets_load_none_and_warn_where_damaged(table_file, caplog):
    optional = StoredDataset(filepath=str(table_file), optional=True, **CSV)
    assert optional.load() is None
    assert caplog.messages == []
    optional.save(OLD)
    assert len(optional.load()) == 2

    table_file.write_text("id\n1\n")

    assert optional.load() is None
    [warning] = caplog.messages
    assert "got a damaged one" in warning


def test_a_pipe_is_damage_and_not_waited_for(
    stored_table, table_file, stored_photos, tmp_path
):
    table_file.unlink()
    os.mkfifo(table_file)
    os.mkfifo(tmp_path / "photos" / "Ann" / "2.jpg")

    with pytest.raises(DatasetError, match=r"a damaged one: it is no file but a pipe"):
        stored_table.load()
    with pytest.raises(DatasetError, match=r"it holds Ann/2.jpg, which is no file"):
        stored_photos.load()
    stored_table.save(NEW)
    stored_photos.save({"Ann/1": np.zeros((8, 8), np.uint8)})

    assert len(stored_table.load()) == 3
    assert list(stored_photos.load()) == ["Ann/1"]


def test_a_save_over_a_damaged_version_forgets_it(stored_table, table_file):
    table_file.write_text("id\n1\n")

    stored_table.save(NEW)

    assert len(read_versions(table_file)) == 1
    pd.testing.assert_frame_equal(stored_table.load(), NEW)


def test_content_is_read_once_as_long_as_the_file_is_the_same(
    stored_table, monkeypatch
):
    read = []
    monkeypatch.setattr(artifact_record, "hash_file", read.append)

    stored_table.load()
    stored_table.load()

    assert read == []


def test_a_flip_that_keeps_size_and_time_is_found(stored_table, table_file):
    state = table_file.stat()
    content = bytearray(table_file.read_bytes())
    content[-2] ^= 1
    overwrite(table_file, content)
    os.utime(table_file, ns=(state.st_atime_ns, state.st_mtime_ns))

    with pytest.raises(DatasetError, match="damaged"):
        stored_table.load()


@pytest.mark.parametrize(
    ("inner", "content", "reason"),
    [
        (CSV, b"", "No columns to parse from file"),
        ({"dataset": "json.JSONDataset"}, b"[" * 100_000, "maximum recursion depth"),
        ({"dataset": "json.JSONDataset"}, b"\xff", "it is not UTF-8"),
        ({"dataset": "plotly.JSONDataset"}, b'{"data": 3}', "Invalid element"),
    ],
)
def test_content_that_cannot_be_read_is_one_sentence(tmp_path, inner, content, reason):
    file = tmp_path / "made"
    part = StoredDataset(dataset="pickle.PickleDataset", filepath=str(file))
    part.set_origin(ORIGIN, "kedro run --pipelines a")
    part.save(1)
    file.write_bytes(content)
    write_record(file, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    dataset = StoredDataset(filepath=str(file), **inner)

    with pytest.raises(DatasetError) as error:
        dataset.load()

    message = str(error.value)
    assert message.startswith(f"{file}: expected a file for {inner['dataset']}, got")
    assert f"cannot be read: {reason}" in message
    assert message.endswith("; run `kedro run --pipelines a` to make it again.")
    assert "\n" not in message
    assert StoredDataset(filepath=str(file), optional=True, **inner).load() is None

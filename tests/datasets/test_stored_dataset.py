import errno
import json
import os
from functools import partial

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from tests.datasets.artifacts import CSV, NEW, OLD, ORIGIN, PHOTOS

from lfw17_kedro.datasets import StoredDataset, stored_dataset
from lfw17_kedro.datasets.artifact_record import read_versions

NUMPY = "lfw17_kedro.datasets.NumpyDataset"
LOOKS = ("hash_content", "read_versions")  # at what lies there


def test_a_run_reads_what_it_made_itself(stored_table):
    stored_table.expect("f" * 64)
    stored_table.set_origin(ORIGIN | {"fingerprint": "0" * 64}, "kedro run")

    stored_table.save(NEW)

    pd.testing.assert_frame_equal(stored_table.load(), NEW)
    stored_table.expect("f" * 64)
    assert not stored_table.exists()


def test_a_missing_file_says_what_makes_it(stored_table, table_file, tmp_path):
    table_file.unlink()

    with pytest.raises(DatasetError, match="found none; run `kedro run --pipelines a"):
        stored_table.load()
    never = StoredDataset(filepath=str(tmp_path / "never.csv"), **CSV)
    with pytest.raises(DatasetError, match="run the pipeline that writes it to make"):
        never.load()


def test_only_the_expected_fingerprint_exists(stored_table):
    stored_table.expect("f" * 64)
    assert stored_table.exists()
    assert len(stored_table.load()) == 2

    stored_table.expect("0" * 64)

    assert not stored_table.exists()
    with pytest.raises(DatasetError, match="made with other settings, data or code"):
        stored_table.load()


def test_a_failed_save_keeps_the_old_version(stored_table, table_file, monkeypatch):
    def fill_disk(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fill_disk)
    with pytest.raises(DatasetError) as error:
        stored_table.save(NEW)

    assert str(error.value) == (
        f"{table_file}: expected to write it (what was there stays whole), got: "
        "the disk is full; make room and run again."
    )
    pd.testing.assert_frame_equal(stored_table.load(), OLD)
    assert {one.name for one in table_file.parent.iterdir()} == {
        "table.csv",
        ".table.csv.record.json",
    }


def test_data_that_cannot_be_made_say_so_themselves(tmp_path):
    class Broken(dict):
        def items(self):
            raise ValueError("expected 3 people, got 2; add one.")

    photos = StoredDataset(dataset=PHOTOS, filepath=str(tmp_path / "photos"))

    with pytest.raises(DatasetError, match="got: expected 3 people, got 2; add one.$"):
        photos.save(Broken())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(stored_table, table_file):
    table_file.parent.chmod(0o500)
    try:
        with pytest.raises(DatasetError, match="no permission to write .*table"):
            stored_table.save(NEW)
    finally:
        table_file.parent.chmod(0o700)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_process_may_die_beside_the_swap(
    stored_table, table_file, swapped, monkeypatch
):
    """The record is written before the content takes its place."""

    class Killed(BaseException):
        pass

    replace = os.replace

    def die(source, target):
        if swapped:
            replace(source, target)
        raise Killed

    from pathlib import Path

    own = Path.replace

    def replace_or_die(self, target):
        if Path(target) == table_file:
            die(self, target)
        return own(self, target)

    monkeypatch.setattr(Path, "replace", replace_or_die)
    with pytest.raises(Killed):
        stored_table.save(NEW)

    expected = NEW if swapped else OLD
    pd.testing.assert_frame_equal(stored_table.load(), expected)
    assert len(read_versions(table_file)) == 2


def test_a_save_while_another_process_looks_is_no_damage(
    stored_table, table_file, monkeypatch
):
    another = StoredDataset(filepath=str(table_file), **CSV)
    looks = {name: getattr(stored_dataset, name) for name in LOOKS}

    def look_and_let_save(name, path):
        found = looks[name](path)
        for one, look in looks.items():
            monkeypatch.setattr(stored_dataset, one, look)
        another.save(NEW)
        return found

    for name in LOOKS:
        monkeypatch.setattr(stored_dataset, name, partial(look_and_let_save, name))

    assert stored_table.check() is not None


def test_previews_of_the_dataset_inside_are_offered(stored_table):
    assert len(stored_table.preview()["data"]) == 2


def test_wrong_options_are_refused_at_once(tmp_path):
    with pytest.raises(DatasetError, match="qualty"):
        StoredDataset(dataset=PHOTOS, filepath=str(tmp_path / "x"), qualty=5)


def test_a_symbolic_link_has_its_record_beside_the_file(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    link = tmp_path / "array.npy"
    link.symlink_to(disk / "array.npy")
    dataset = StoredDataset(dataset=NUMPY, filepath=str(link))

    dataset.save(np.arange(3))
    dataset.save(np.arange(4))

    assert dataset.load().tolist() == [0, 1, 2, 3]
    assert link.is_symlink()
    names = {one.name for one in disk.iterdir()}
    assert names == {"array.npy", ".array.npy.record.json"}
    record = json.loads((disk / ".array.npy.record.json").read_text())
    assert [version["rows"] for version in record["versions"]] == [4, 3]


def test_a_run_that_makes_what_is_missing_clears_parts(stored_table, table_file):
    dead = f"{2**22 + 1}-0123abcd"  # of no process
    parts = [
        table_file.with_name(name)
        for name in (
            f".table.{dead}.part.csv",
            f"..table.csv.record.{dead}.part.json",
        )
    ]
    for part in parts:
        part.write_text("half")

    stored_table.expect("f" * 64)

    assert not any(part.exists() for part in parts)
    assert stored_table.exists()

import errno
import hashlib
import json
import os

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import StoredDataset, artifact_record
from lfw17_kedro.datasets.artifact_record import find_record, read_versions
from lfw17_kedro.digest import hash_data

NUMPY = "lfw17_kedro.datasets.NumpyDataset"
PHOTOS = "lfw17_kedro.datasets.JpgFolderDataset"
CSV = {"dataset": "pandas.CSVDataset", "save_args": {"index": False}}
OLD, NEW = pd.DataFrame({"id": [1, 2]}), pd.DataFrame({"id": [3, 4, 5]})
ORIGIN = {"node": "a.fit", "fingerprint": "f" * 64}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "layer" / "table.csv"


@pytest.fixture
def dataset(file):
    """A table that was saved once."""
    dataset = StoredDataset(filepath=str(file), **CSV)
    dataset.set_origin(ORIGIN, "kedro run --pipelines a --only-missing-outputs")
    dataset.save(OLD)
    return dataset


@pytest.fixture
def photos(tmp_path):
    """A folder of photos that was saved once."""
    photos = StoredDataset(dataset=PHOTOS, filepath=str(tmp_path / "photos"))
    grey = np.full((8, 8), 100, np.uint8)
    photos.save({"Ann/1": grey, "Bob/1": grey + 50})
    return photos


def test_the_record_describes_the_artifact(dataset, file):
    [version] = read_versions(file)

    assert version.size == file.stat().st_size
    assert version.rows == 2
    assert version.origin == ORIGIN
    assert [one.name for one in file.parent.iterdir() if one != find_record(file)] == [
        "table.csv"
    ]
    assert dataset.exists()


def test_a_run_reads_what_it_made_itself(dataset):
    dataset.expect("f" * 64)
    dataset.set_origin(ORIGIN | {"fingerprint": "0" * 64}, "kedro run")

    dataset.save(NEW)

    pd.testing.assert_frame_equal(dataset.load(), NEW)
    dataset.expect("f" * 64)
    assert not dataset.exists()


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda text: text[:-2], "5 bytes"),  # cut at a line's end
        (lambda text: b"", "0 bytes"),
        (lambda text: text.replace(b"1", b"9"), "7 bytes"),
        (lambda text: text + b"3\n", "9 bytes"),
    ],
)
def test_a_damaged_file_is_refused(dataset, file, damage, found):
    file.write_bytes(damage(file.read_bytes()))

    assert not dataset.exists()
    with pytest.raises(DatasetError) as error:
        dataset.load()
    assert str(error.value).startswith(
        f"{file}: expected a whole artifact, got a damaged one: {found} with SHA-256"
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
def test_a_damaged_folder_names_the_file(photos, tmp_path, damage, message):
    damage(tmp_path / "photos")

    with pytest.raises(DatasetError, match=message):
        photos.load()
    assert not photos.exists()


def test_a_record_lists_few_files_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(artifact_record, "MAX_LISTED", 1)
    photos = StoredDataset(dataset=PHOTOS, filepath=str(tmp_path / "photos"))
    grey = np.full((8, 8), 100, np.uint8)
    photos.save({"Ann/1": grey, "Bob/1": grey})

    [version] = read_versions(tmp_path / "photos")
    assert version.files is None
    assert version.size == sum(
        file.stat().st_size for file in (tmp_path / "photos").rglob("*.jpg")
    )
    assert photos.exists()
    (tmp_path / "photos/Ann/1.jpg").unlink()
    with pytest.raises(DatasetError, match=r"bytes with SHA-256 .*, its record says"):
        photos.load()


@pytest.mark.parametrize("text", ["", "[]", '{"versions": []}', "{", "[" * 100_000])
def test_a_damaged_record_is_refused(dataset, file, text):
    find_record(file).write_text(text)

    with pytest.raises(DatasetError, match=r"its record .* is damaged"):
        dataset.load()
    assert not dataset.exists()


def test_a_changed_record_is_refused(dataset, file):
    record = find_record(file)
    record.write_text(record.read_text().replace("a.fit", "b.fit"))

    with pytest.raises(DatasetError, match="its checksum is another"):
        dataset.load()


def test_the_record_of_another_artifact_is_refused(dataset, file):
    other = StoredDataset(filepath=str(file.with_name("other.csv")), **CSV)
    other.save(OLD)
    find_record(file.with_name("other.csv")).replace(find_record(file))

    with pytest.raises(DatasetError, match=r"damaged \(it is that of another"):
        dataset.load()


def test_a_record_that_is_no_text_is_not_shown(dataset, file):
    find_record(file).write_bytes(b"\xff" * 5000)

    with pytest.raises(DatasetError, match="damaged") as error:
        dataset.load()
    assert len(str(error.value)) < 1000


def test_a_file_without_a_record_is_refused(dataset, file):
    find_record(file).unlink()

    with pytest.raises(DatasetError, match="put there by hand or by an older version"):
        dataset.load()


def test_a_missing_file_says_what_makes_it(dataset, file, tmp_path):
    file.unlink()

    with pytest.raises(DatasetError, match="found none; run `kedro run --pipelines a"):
        dataset.load()
    never = StoredDataset(filepath=str(tmp_path / "never.csv"), **CSV)
    with pytest.raises(DatasetError, match="run the pipeline that writes it to make"):
        never.load()


def test_only_the_expected_fingerprint_exists(dataset):
    dataset.expect("f" * 64)
    assert dataset.exists()
    assert len(dataset.load()) == 2

    dataset.expect("0" * 64)

    assert not dataset.exists()
    with pytest.raises(DatasetError, match="made with other settings, data or code"):
        dataset.load()


def test_optional_datasets_load_none_and_warn_where_damaged(file, caplog):
    optional = StoredDataset(filepath=str(file), optional=True, **CSV)
    assert optional.load() is None
    assert caplog.messages == []
    optional.save(OLD)
    assert len(optional.load()) == 2

    file.write_text("id\n1\n")

    assert optional.load() is None
    [warning] = caplog.messages
    assert "got a damaged one" in warning


def test_a_failed_save_keeps_the_old_version(dataset, file, monkeypatch):
    def fill_disk(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fill_disk)
    with pytest.raises(DatasetError) as error:
        dataset.save(NEW)

    assert str(error.value) == (
        f"{file}: expected to write it (what was there stays whole), got: the disk is "
        "full; make room and run again."
    )
    pd.testing.assert_frame_equal(dataset.load(), OLD)
    assert {one.name for one in file.parent.iterdir()} == {
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


def test_a_pipe_is_damage_and_not_waited_for(dataset, file, photos, tmp_path):
    file.unlink()
    os.mkfifo(file)
    os.mkfifo(tmp_path / "photos" / "Ann" / "2.jpg")

    with pytest.raises(DatasetError, match=r"a damaged one: it is no file but a pipe"):
        dataset.load()
    with pytest.raises(DatasetError, match=r"it holds Ann/2.jpg, which is no file"):
        photos.load()
    dataset.save(NEW)
    photos.save({"Ann/1": np.zeros((8, 8), np.uint8)})

    assert len(dataset.load()) == 3
    assert list(photos.load()) == ["Ann/1"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(dataset, file):
    file.parent.chmod(0o500)
    try:
        with pytest.raises(DatasetError, match="no permission to write .*table"):
            dataset.save(NEW)
    finally:
        file.parent.chmod(0o700)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_process_may_die_beside_the_swap(dataset, file, swapped, monkeypatch):
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
        if Path(target) == file:
            die(self, target)
        return own(self, target)

    monkeypatch.setattr(Path, "replace", replace_or_die)
    with pytest.raises(Killed):
        dataset.save(NEW)

    expected = NEW if swapped else OLD
    pd.testing.assert_frame_equal(dataset.load(), expected)
    assert len(read_versions(file)) == 2


def test_a_save_over_a_damaged_version_forgets_it(dataset, file):
    file.write_text("id\n1\n")

    dataset.save(NEW)

    assert len(read_versions(file)) == 1
    pd.testing.assert_frame_equal(dataset.load(), NEW)


def test_content_is_read_once_as_long_as_the_file_is_the_same(dataset, monkeypatch):
    from lfw17_kedro.datasets import artifact_record

    read = []
    monkeypatch.setattr(artifact_record, "hash_file", read.append)

    dataset.load()
    dataset.load()

    assert read == []


def test_a_flip_that_keeps_size_and_time_is_found(dataset, file):
    state = file.stat()
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))

    with pytest.raises(DatasetError, match="damaged"):
        dataset.load()


def test_previews_of_the_dataset_inside_are_offered(dataset):
    assert len(dataset.preview()["data"]) == 2


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


def write_record(file, **changes):
    """Change the newest version in a record, whose checksum then fits again."""
    stored = json.loads(find_record(file).read_text())
    stored["versions"][0] |= changes
    stored["checksum"] = hash_data(json.dumps(stored["versions"], sort_keys=True))
    find_record(file).write_text(json.dumps(stored))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sha256": 1.5}, "Input should be a valid string"),
        ({"sha256": "\n"}, "String should match pattern"),
        ({"size": -1}, "Input should be greater than or equal to 0"),
        ({"size": "8"}, "Input should be a valid integer"),
        ({"files": {"a": "b"}}, "String should match pattern"),
        ({"origin": []}, "Input should be a valid dictionary"),
        ({"command": "\ud800"}, "Input should be a valid string"),
        ({"command": "rm -r data"}, "String should match pattern"),
        ({"command": "kedro run\n"}, "String should match pattern"),
        ({"more": 1}, "Unexpected keyword argument"),
    ],
)
def test_a_record_of_another_shape_is_damaged(dataset, file, changes, problem):
    write_record(file, **changes)

    assert not dataset.exists()
    with pytest.raises(DatasetError, match=rf"is damaged \({problem}") as error:
        dataset.load()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("origin", [{}, {"fingerprint": 3}])
def test_an_unknown_origin_is_not_the_expected_one(dataset, file, origin):
    write_record(file, origin=origin)
    dataset.expect("f" * 64)

    assert not dataset.exists()
    with pytest.raises(DatasetError, match="one made with other settings"):
        dataset.load()


def test_a_long_command_is_not_repeated(dataset, file):
    write_record(file, command="kedro run --params a=" + "b" * 1000)
    file.write_bytes(b"damaged")

    with pytest.raises(DatasetError, match="; run the pipeline that writes it to make"):
        dataset.load()


def test_a_record_that_is_no_text_is_damaged(dataset, file):
    find_record(file).write_bytes(b"\xff" * 5000)

    with pytest.raises(DatasetError, match=r"is damaged \(it is not UTF-8"):
        dataset.load()


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


def test_a_run_that_makes_what_is_missing_clears_parts(dataset, file):
    dead = f"{2**22 + 1}-0123abcd"  # of no process
    parts = [
        file.with_name(name)
        for name in (
            f".table.{dead}.part.csv",
            f"..table.csv.record.{dead}.part.json",
        )
    ]
    for part in parts:
        part.write_text("half")

    dataset.expect("f" * 64)

    assert not any(part.exists() for part in parts)
    assert dataset.exists()

"""Records beside artifacts, as `StoredDataset` meets them."""

import numpy as np
import pytest
from kedro.io import DatasetError
from tests.datasets.artifacts import CSV, OLD, ORIGIN, PHOTOS, write_record

from lfw17_kedro.datasets import StoredDataset, artifact_record
from lfw17_kedro.datasets.artifact_record import find_record, read_versions


def test_the_record_describes_the_artifact(stored_table, table_file):
    [version] = read_versions(table_file)

    assert version.size == table_file.stat().st_size
    assert version.rows == 2
    assert version.origin == ORIGIN
    assert [
        one.name
        for one in table_file.parent.iterdir()
        if one != find_record(table_file)
    ] == ["table.csv"]
    assert stored_table.exists()


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


def test_a_command_that_no_record_holds_is_left_out(stored_table, table_file):
    stored_table.set_origin(ORIGIN, "kedro run --params 'photos_folder=/a\tb'")

    stored_table.save(OLD)

    assert read_versions(table_file)[0].command is None
    assert len(stored_table.load()) == len(OLD)


@pytest.mark.parametrize("text", ["", "[]", '{"versions": []}', "{", "[" * 100_000])
def test_a_damaged_record_is_refused(stored_table, table_file, text):
    find_record(table_file).write_text(text)

    with pytest.raises(DatasetError, match=r"its record .* is damaged"):
        stored_table.load()
    assert not stored_table.exists()


def test_a_changed_record_is_refused(stored_table, table_file):
    record = find_record(table_file)
    record.write_text(record.read_text().replace("a.fit", "b.fit"))

    with pytest.raises(DatasetError, match="its checksum is another"):
        stored_table.load()


def test_the_record_of_another_artifact_is_refused(stored_table, table_file):
    other = StoredDataset(filepath=str(table_file.with_name("other.csv")), **CSV)
    other.save(OLD)
    find_record(table_file.with_name("other.csv")).replace(find_record(table_file))

    with pytest.raises(DatasetError, match=r"damaged \(it is that of another"):
        stored_table.load()


def test_a_record_that_is_no_text_is_not_shown(stored_table, table_file):
    find_record(table_file).write_bytes(b"\xff" * 5000)

    with pytest.raises(DatasetError, match="damaged") as error:
        stored_table.load()
    assert len(str(error.value)) < 1000


def test_a_file_without_a_record_is_refused(stored_table, table_file):
    find_record(table_file).unlink()

    with pytest.raises(DatasetError, match="put there by hand or by an older version"):
        stored_table.load()


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
def test_a_record_of_another_shape_is_damaged(
    stored_table, table_file, changes, problem
):
    write_record(table_file, **changes)

    assert not stored_table.exists()
    with pytest.raises(DatasetError, match=rf"is damaged \({problem}") as error:
        stored_table.load()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("origin", [{}, {"fingerprint": 3}])
def test_an_unknown_origin_is_not_the_expected_one(stored_table, table_file, origin):
    write_record(table_file, origin=origin)
    stored_table.expect("f" * 64)

    assert not stored_table.exists()
    with pytest.raises(DatasetError, match="one made with other settings"):
        stored_table.load()


def test_a_long_command_is_not_repeated(stored_table, table_file):
    write_record(table_file, command="kedro run --params a=" + "b" * 1000)
    table_file.write_bytes(b"damaged")

    with pytest.raises(DatasetError, match="; run the pipeline that writes it to make"):
        stored_table.load()


def test_a_record_that_is_no_text_is_damaged(stored_table, table_file):
    find_record(table_file).write_bytes(b"\xff" * 5000)

    with pytest.raises(DatasetError, match=r"is damaged \(it is not UTF-8"):
        stored_table.load()

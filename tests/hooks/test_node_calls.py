"""What comes from outside the project, and its hash."""

import numpy as np
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node

from lfw17_kedro.datasets import StoredDataset
from lfw17_kedro.hooks.node_calls import (
    describe_call,
    hash_outside,
    is_from_outside,
    is_left_out,
)
from lfw17_kedro.lineage.digest import hash_data
from lfw17_kedro.photo_types import PhotoFile, PhotoFolder


class Folder(PhotoFolder):
    """Photos that nobody may read."""

    def __init__(self, *files):
        self.files = files


A, B = PhotoFile("Ann/1.jpg", "a" * 64), PhotoFile("Ann/2.jpg", "b" * 64)


def test_folders_of_photos_and_bytes_come_from_outside():
    assert is_from_outside(Folder(A))
    assert is_from_outside(Folder())
    assert is_from_outside(b"")
    for other in ("text", [A], np.zeros(3), None, {"a": b"x"}):
        assert not is_from_outside(other)


def test_photos_are_hashed_by_their_hashes_alone():
    assert hash_outside(Folder(A, B)) == hash_outside(Folder(A, B))
    assert len(hash_outside(Folder(A))) == 64


@pytest.mark.parametrize(
    "other",
    [
        Folder(),
        Folder(A),
        Folder(A, B, B),
        Folder(A, B._replace(sha256="c" * 64)),  # another content
        Folder(A, B._replace(path="Bob/2.jpg")),  # another person
        Folder(A._replace(sha256="b" * 64), B._replace(sha256="a" * 64)),  # swapped
        Folder(A, B._replace(sha256="", problem="damaged")),
        Folder(A, PhotoFile("Ann/\udcff.jpg", "b" * 64)),
    ],
)
def test_any_change_of_a_folder_changes_its_hash(other):
    assert hash_outside(other) != hash_outside(Folder(A, B))


def test_other_data_are_hashed_as_they_are():
    assert hash_outside(b"face_id,name\n") == hash_data(b"face_id,name\n")
    assert hash_outside(b"") != hash_outside(Folder())


def test_where_work_is_done_does_not_count():
    names = ["params:compute", "params:people.search"]
    node = Node(lambda compute, search: search, names, "scan", name="search")
    inputs = {"params:compute": {"engine": "dask"}, "params:people.search": {"turn": 1}}

    call = describe_call(node, DataCatalog(), inputs)

    assert call.parameters == {"people.search": {"turn": 1}}


def test_only_an_optional_dataset_that_does_not_exist_is_left_out(tmp_path):
    def store(name, optional):
        file = f"{tmp_path}/{name}.json"
        return StoredDataset(
            dataset="json.JSONDataset", filepath=file, optional=optional
        )

    kinds = {"absent": True, "needed": False, "there": True, "damaged": True}
    catalog = DataCatalog({name: store(name, one) for name, one in kinds.items()})
    catalog.save("there", [1])
    catalog.save("damaged", [1])
    (tmp_path / "damaged.json").write_text("[")

    assert is_left_out(catalog, "absent")
    for name in ("needed", "there", "damaged", "unknown"):
        assert not is_left_out(catalog, name), name

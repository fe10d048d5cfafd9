import logging
import pickle

import numpy as np
import pytest
from kedro.io import DataCatalog, DatasetError

from lfw17_kedro.datasets import ScanStoreDataset
from lfw17_kedro.scan_types import Scanned


def test_loads_what_opens_a_store(tmp_path):
    dataset = ScanStoreDataset(filepath=str(tmp_path / "scan"))
    open_store = dataset.load()
    store = open_store("f", 2)
    assert not (tmp_path / "scan").exists()

    vectors = np.eye(1, 2, dtype=np.float32)
    one = np.ones(1)
    shown = Scanned(
        "ab" * 32,
        height=2,
        width=3,
        picture=b"p",
        boxes=np.ones((1, 4)),
        landmarks=np.ones((1, 5, 2)),
        detection=one,
        sharpness=one,
        extent=one,
        vectors=vectors,
        face_pictures=(b"f",),
    )
    store.add([shown])

    assert dataset.load()("f", 2).is_known(["ab" * 32, "cd" * 32]).tolist() == [1, 0]
    assert dataset.load()("g", 2).is_known(["ab" * 32]).tolist() == [False]
    assert (tmp_path / "scan/f").is_dir()


def test_is_never_saved(tmp_path):
    dataset = ScanStoreDataset(filepath=str(tmp_path / "scan"))

    with pytest.raises(DatasetError, match="the search itself writes"):
        dataset.save("x")
    assert str(dataset._describe()["filepath"]).endswith("scan")


def test_catalog_gives_credentials_and_shows_none(object_store, caplog):
    object_store.put("albums/other", b"x")
    secret = object_store.options["credentials"]["secret"]
    caplog.set_level(logging.DEBUG, "lfw17_kedro")
    caplog.set_level(logging.DEBUG, "kedro")
    catalog = DataCatalog.from_config(
        {
            "store": {
                "type": "lfw17_kedro.datasets.ScanStoreDataset",
                "filepath": "s3://albums/scan",
                "credentials": "my_store",
                "fs_args": object_store.options["fs_args"] | {"open_args_load": {}},
            }
        },
        credentials={"my_store": object_store.options["credentials"]},
    )

    open_store = pickle.loads(pickle.dumps(catalog.load("store")))  # noqa: S301
    open_store("f", 2).add([Scanned("ab" * 32, "damaged")])

    assert open_store("f", 2).is_known(["ab" * 32]).tolist() == [True]
    assert catalog.load("store")("f", 2).is_known(["ab" * 32]).tolist() == [True]
    shown = f"{catalog['store']} {catalog['store']._describe()} {open_store!r}"
    assert "s3://albums/scan" in shown
    assert secret not in shown + caplog.text


def test_dictionaries_of_the_catalog_stay_as_they_are():
    credentials, fs_args = {"key": "k"}, {"open_args_save": {}, "timeout": 3}

    dataset = ScanStoreDataset(
        filepath="memory://scan", credentials=credentials, fs_args=fs_args
    )

    assert dataset.load().options == {"key": "k", "timeout": 3}
    assert (credentials, fs_args) == (
        {"key": "k"},
        {"open_args_save": {}, "timeout": 3},
    )

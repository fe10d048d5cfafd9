import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import ScanStoreDataset
from lfw17_kedro.people_types import Scanned


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

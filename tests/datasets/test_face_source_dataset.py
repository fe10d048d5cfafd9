import numpy as np
import pytest
from kedro.io import DataCatalog, DatasetError

from lfw17_kedro.datasets import FaceSourceDataset
from lfw17_kedro.datasets.face_sources import SOURCES
from lfw17_kedro.types import RawFaces, SourceCard


def test_options_reach_the_source_of_the_catalog():
    entry = {
        "type": "lfw17_kedro.datasets.FaceSourceDataset",
        "source": "orl",
        "train_per_person": 2,
        "metadata": {"kedro-viz": {"layer": "raw"}},
    }

    raw = DataCatalog.from_config({"raw_faces": entry}).load("raw_faces")

    assert np.bincount(raw.train_labels).tolist() == [2] * 40


def test_a_new_source_is_one_line_of_the_registry(monkeypatch):
    pixels, labels = np.zeros((2, 6), np.float32), np.array([0, 1])

    def invent_faces(*, grey: int) -> RawFaces:
        images = pixels + grey
        card = SourceCard("Invented", "nobody")
        return RawFaces(images, labels, images, None, ["Ann", "Bob"], card)

    monkeypatch.setitem(SOURCES, "invented", invent_faces)

    raw = FaceSourceDataset(source="invented", grey=7).load()

    assert (raw.train_images == 7).all()
    with pytest.raises(DatasetError, match=r"the options grey, got none \(missing: gr"):
        FaceSourceDataset(source="invented")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"source": "olr"}, "one of lfw, npy, orl, got 'olr', did you mean orl?"),
        ({"source": None}, "one of lfw, npy, orl, got None"),
        (
            {"source": "orl", "heigth": 50},
            "for the source orl the options height, width, train_per_person, got "
            "heigth (unknown: heigth, did you mean height?)",
        ),
        (
            {"source": "npy", "folder": "data"},
            "the options filepath, class_names, name, credit, got folder (missing: "
            "filepath; unknown: folder)",
        ),
        (
            {"source": "orl", "train_per_person": "seven"},
            "train_per_person: expected a whole number for the source orl, got 'seven'",
        ),
        (
            {"source": "orl", "train_per_person": True},
            "train_per_person: expected a whole number for the source orl, got True",
        ),
        (
            {"source": "npy", "filepath": 5},
            "filepath: expected text for the source npy, got 5",
        ),
    ],
)
def test_unknown_sources_and_options_say_the_known_ones(entry, message):
    with pytest.raises(DatasetError) as error:
        FaceSourceDataset(**entry)

    assert message in str(error.value)


def test_message_in_a_run_ends_with_one_full_stop():
    entry = {"type": "lfw17_kedro.datasets.FaceSourceDataset", "source": "olr"}

    with pytest.raises(DatasetError, match=r"mean orl\?\.\n"):
        DataCatalog.from_config({"raw_faces": entry})["raw_faces"]


@pytest.mark.parametrize(
    "entry", [{"source": "orl"}, {"source": "npy", "filepath": ""}]
)
def test_sources_are_read_only(entry):
    with pytest.raises(DatasetError, match="source of faces: read-only"):
        FaceSourceDataset(**entry).save(object())

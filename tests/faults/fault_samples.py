"""An old and a new value for every kind of dataset in the catalog."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from kedro.config import OmegaConfigLoader
from kedro.io import AbstractDataset, DataCatalog

from lfw17_kedro.types import Encoder, EncoderCard, Features, Record

CONF = Path(__file__).parents[2] / "conf"
PLACEHOLDERS = {
    "{method}": "facenet_svm",
    "{split}": "train",
    "{array}": "original_images",
    "{table}": "predictions",
    "{figure}": "map",
    "{stage}": "fit",
}
STORED = "lfw17_kedro.datasets.StoredDataset"
NATIVE = ("EncoderDataset", "KerasModelDataset", "TFRecordDataset")  # need TensorFlow
EXPORT = "lfw17_kedro.datasets.PickleExportDataset"  # never loaded
ORIGIN = {"node": "some.node", "fingerprint": "f" * 64}
COMMAND = "kedro run --pipelines some --only-missing-outputs"


@cache
def read_entries():
    """Give name -> options of every stored dataset in the catalog, patterns filled."""
    loader = OmegaConfigLoader(str(CONF), base_env="base", default_run_env="base")
    config = loader["catalog"]
    catalog = DataCatalog.from_config(config)
    entries = {}
    for pattern in config:
        name = pattern
        for placeholder, example in PLACEHOLDERS.items():
            name = name.replace(placeholder, example)
        options = config.get(name) or catalog.config_resolver.resolve_pattern(name)
        if options["type"] == STORED:
            entries[name] = options
    return entries


def pick_kinds():
    """Give one entry for each type of dataset inside: type -> entry."""
    kinds = {}
    for name, options in read_entries().items():
        kinds.setdefault(options["dataset"].rpartition(".")[2] + _detail(options), name)
    return kinds


def _detail(options):
    """Tell JSONDataset of plotly from that of json."""
    return "(plotly)" if options["dataset"].startswith("plotly") else ""


def open_entry(name, folder):
    """Make the dataset of an entry, in another folder."""
    options = dict(read_entries()[name])
    options["filepath"] = str(Path(folder, options["filepath"]))
    dataset = AbstractDataset.from_config(name, options)
    dataset.set_origin(ORIGIN, COMMAND)
    return dataset


def make_value(name, version):
    """Make the value of an entry.

    Args:
        name: of the entry.
        version: 0 or 1; the two differ in content and size.
    """
    kind = read_entries()[name]["dataset"]
    maker = MAKERS.get(kind)
    if maker is None:
        raise KeyError(f"expected a sample of {kind} in fault_samples; add one.")
    return maker(version)


def _make_table(version):
    rng = np.random.default_rng(version)
    table = pd.DataFrame(rng.random((400 + version, 3)), columns=["Ann", "Bob", "Eve"])
    table.insert(0, "id", [f"{row:06d}" for row in range(len(table))])
    return table


def _make_json(version):
    return {"nodes": {}, "runs": {}, "values": [version] * (4000 + version)}


def _make_array(version):
    return np.random.default_rng(version).random((30 + version, 50, 7))


def _make_features(version):
    array = np.random.default_rng(version).random((20 + version, 128), np.float32)
    ids = np.array([f"{row:06d}" for row in range(len(array))])
    return Features(ids, {"vectors": array}, f"net@{version}")


def _make_photos(version):
    rng = np.random.default_rng(version)
    names = [f"s{row % 2}/{row:06d}" for row in range(4 + version)]
    return {name: rng.integers(0, 255, (40, 30), np.uint8) for name in names}


def _make_records(version):
    from PIL import Image

    rng = np.random.default_rng(version)

    def make(row):
        file = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (20, 10), np.uint8)).save(file, "JPEG")
        return Record(f"s/{row:06d}", file.getvalue(), 20, 10, row)

    return {
        split: [make(row) for row in range(6 + version)] for split in ("train", "test")
    }


def _make_card(version):
    return EncoderCard(
        name=f"mean{version}",
        alignment="similarity",
        size=4,
        dimension=3,
        licence="CC0-1.0",
        weights_sha256="ab" * 32,
        template=((1.0, 2.0), (3.0, 4.0)),
    )


def _make_encoder(version):
    import keras

    faces = keras.Input((4, 4, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1.0 + version)(faces)
    means = keras.layers.GlobalAveragePooling2D()(scaled)
    return Encoder(_make_card(version), keras.Model(faces, means))


def _make_network(version):
    import keras

    keras.utils.set_random_seed(version)
    images = keras.Input((4, 4, 1))
    hidden = keras.layers.Dense(40 + version)(keras.layers.Flatten()(images))
    return keras.Model(images, keras.layers.Dense(3)(hidden))


def _make_classifier(version):
    from lfw17_kedro.faces.classifier import fit_classifier

    labels = np.arange(30) % 3
    vectors = np.eye(8, dtype=np.float32)[labels]
    vectors += np.random.default_rng(version).random((30, 8), np.float32) / 4
    ids = np.array([str(row) for row in range(30)])
    features = Features(ids, {"vectors": vectors}, f"net@{version}")
    names = ["Ann", "Bob", "Eve"]
    classifier, _ = fit_classifier(
        features,
        labels,
        np.arange(30),
        names,
        multi_class="one_vs_rest",
        C=1.0,
        seed=version,
    )
    return classifier


def _make_figure(version):
    import plotly.graph_objects as go

    return go.Figure(go.Scatter(y=list(range(900 + version))))


def _make_text(version):
    return "<p>ä</p>\n" * (5000 + version)


MAKERS = {
    "pandas.CSVDataset": _make_table,
    "json.JSONDataset": _make_json,
    "plotly.JSONDataset": _make_figure,
    "text.TextDataset": _make_text,
    EXPORT: _make_json,
    "lfw17_kedro.datasets.ClassifierDataset": _make_classifier,
    "lfw17_kedro.datasets.NumpyDataset": _make_array,
    "lfw17_kedro.datasets.FeaturesDataset": _make_features,
    "lfw17_kedro.datasets.JpgFolderDataset": _make_photos,
    "lfw17_kedro.datasets.TFRecordDataset": _make_records,
    "lfw17_kedro.datasets.EncoderDataset": _make_encoder,
    "lfw17_kedro.datasets.EncoderCardDataset": _make_card,
    "lfw17_kedro.datasets.KerasModelDataset": _make_network,
}


def summarise(value):  # noqa: PLR0911 (one for each kind)
    """Reduce a loaded value to what hash_data takes; of equal values the same."""
    if isinstance(value, pd.DataFrame):
        return value.to_csv()
    if isinstance(value, Features):
        return [value.ids, value.arrays, value.fingerprint]
    if isinstance(value, Encoder):
        size = value.card.size
        faces = np.full((1, size, size, 3), [1, 2, 3], np.uint8)
        return [repr(value.card), np.asarray(value(faces))]
    if isinstance(value, EncoderCard):
        return repr(value)
    if hasattr(value, "get_weights"):
        return value.get_weights()
    if hasattr(value, "to_plotly_json"):
        return value.to_json()
    if hasattr(value, "predict_probabilities"):
        return repr(value)
    if hasattr(value, "read_bytes"):
        return {name: value.read_bytes(name) for name in value}
    if isinstance(value, dict) and hasattr(next(iter(value.values()), 0), "folder"):
        return {split: [list(one) for one in stream] for split, stream in value.items()}
    return value

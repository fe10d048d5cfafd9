"""Every reader of bytes: what it reads, from which whole files the fuzzing starts."""

import functools
import importlib
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz import seeds
from tests.fuzz.judge import Reader
from tests.fuzz.read_artifacts import (
    CONTENT,
    load_dataset,
    make_conf,
    read_artifact,
    read_conf,
    read_entry,
    read_note,
    read_run_record,
)
from tests.fuzz.read_networks import (
    read_checkpoint,
    read_dlib,
    read_encoder,
    read_facenet,
    read_graph,
    read_torch,
)
from tests.fuzz.read_photos import (
    read_corrections,
    read_gallery_bundle,
    read_pgm,
    read_photo,
    read_raw_faces,
    read_records,
    read_scan,
    read_upright,
)

# Of the readers, imported before a child is forked and while atheris instruments them.
MODULES = ("pipeline_registry", "hooks.conf_files", "hooks.record_file", "datasets")
MODULES += ("datasets.face_sources.orl", "encoders.dlib_resnet", "encoders.facenet")
MODULES += (
    "encoders.torch_weights",
    "encoders.frozen_graph",
    "faces.validate",
    "faces.class_names",
)
MODULES += ("files.folder_lock", "training.checkpoint_file")
MODULES += (
    "photos.decoding",
    "stores.scan_store",
    "stores.gallery_files",
    "people.corrections",
)


def _entries(dataset: str, suffix: str) -> Callable[[bytes, Path], Any]:
    return functools.partial(read_entry, dataset, suffix)


def _dataset(dataset: str, suffix: str) -> Callable[[bytes, Path], Any]:
    return functools.partial(load_dataset, dataset, suffix)


READERS = {
    reader.name: reader
    for reader in (
        Reader("dlib_weights", "dlib", seeds.make_dlib, read_dlib),
        Reader("torch_pickles", "pickles", seeds.make_torch_pickles, read_torch),
        Reader("torch_zip", "zip", seeds.make_torch_zips, read_torch),
        Reader("frozen_graph", "protobuf", seeds.make_graphs, read_graph, True),
        Reader("facenet_zip", "zip", seeds.make_facenet_zips, read_facenet),
        Reader("npy", "npy", seeds.make_npys, _dataset("NumpyDataset", ".npy")),
        Reader("npz", "zip", seeds.make_npzs, _dataset("NumpyDataset", ".npz")),
        Reader(
            "features", "zip", seeds.make_features, _dataset("FeaturesDataset", ".npz")
        ),
        Reader(
            "classifier",
            "zip",
            seeds.make_classifiers,
            _dataset("ClassifierDataset", ".npz"),
        ),
        Reader("raw_faces", "bundle", seeds.make_raw_faces, read_raw_faces),
        Reader("photo", "jpg", seeds.make_jpgs, read_photo),
        Reader("upright_photo", "bytes", seeds.make_photos, read_upright),
        Reader("scan_part", "bundle", seeds.make_scan_parts, read_scan),
        Reader("gallery", "bundle", seeds.make_galleries, read_gallery_bundle),
        Reader("corrections", "csv", seeds.make_corrections, read_corrections),
        Reader("orl_photo", "pgm", seeds.make_pgms, read_pgm, any_error=True),
        Reader("tfrecords", "bundle", seeds.make_records, read_records, True),
        Reader(
            "keras_model",
            "zip",
            seeds.make_keras,
            _dataset("KerasModelDataset", ".keras"),
            True,
        ),
        Reader("encoder", "bundle", seeds.make_encoders, read_encoder, True),
        Reader(
            "encoder_card",
            "json",
            seeds.make_cards,
            _dataset("EncoderCardDataset", ".json"),
        ),
        Reader(
            "artifact_record",
            "record",
            functools.partial(seeds.make_artifact_records, CONTENT),
            read_artifact,
        ),
        Reader("lock_note", "json", seeds.make_notes, read_note),
        Reader("checkpoint", "zip", seeds.make_checkpoints, read_checkpoint),
        Reader("run_record", "json", seeds.make_run_records, read_run_record),
        Reader(
            "tables", "csv", seeds.make_tables, _entries("pandas.CSVDataset", ".csv")
        ),
        Reader("json", "json", seeds.make_jsons, _entries("json.JSONDataset", ".json")),
        Reader(
            "figures",
            "json",
            seeds.make_figures,
            _entries("plotly.JSONDataset", ".json"),
        ),
        Reader(
            "text", "bytes", seeds.make_texts, _entries("text.TextDataset", ".html")
        ),
        Reader("parameters", "yaml", make_conf, read_conf, lines=True),
    )
}


def preload(readers: list[Reader]) -> None:
    """Import once what every child uses; TensorFlow is imported, never run."""
    import kedro_datasets.json
    import kedro_datasets.pandas
    import kedro_datasets.plotly
    import kedro_datasets.text  # noqa: F401
    import pandas as pd  # noqa: F401
    import plotly.graph_objects  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    for name in MODULES:
        importlib.import_module(f"lfw17_kedro.{name}")

    if any(reader.needs_keras for reader in readers):
        import keras
        import tensorflow  # noqa: F401

        assert keras.backend.backend() == "tensorflow"
    logging.disable(logging.ERROR)
    warnings.simplefilter("ignore")

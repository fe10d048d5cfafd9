"""Every reader of bytes: what it reads, from which whole files the fuzzing starts."""

import dataclasses
import functools
import hashlib
import importlib
import json
import logging
import shutil
import traceback
import warnings
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.fuzz import seeds

ROOT = Path(__file__).parents[2]
MAX_MESSAGE = 2000  # characters of a line of an error that a user still reads
WRAPPED = "Failed while loading data from dataset"  # Kedro's words for any error
CONTENT = b"an artifact"
# Of the readers, imported before a child is forked and while atheris instruments them.
MODULES = ("pipeline_registry", "hooks.conf_files", "hooks.record_file", "datasets")
MODULES += ("datasets.face_sources.orl", "encoders.dlib_resnet", "encoders.facenet")
MODULES += (
    "encoders.torch_weights",
    "encoders.frozen_graph",
    "faces.validate",
    "faces.class_names",
)
MODULES += ("folder_lock", "training.checkpoint_file")
MODULES += (
    "photo_files",
    "stores.scan_store",
    "stores.gallery_files",
    "people.corrections",
)
MAX_PIXELS = 20_000_000  # of a user's photo here: 200 megapixels take over a gigabyte


@dataclasses.dataclass(frozen=True)
class Reader:
    """A reader of bytes.

    Attributes:
        name: in tables and of the folder of past crashers.
        kind: format of the bytes, a key of `mutate.EDITS`.
        make_seeds: makes whole files.
        read: reads an input; gets the bytes and an empty folder.
        needs_keras: whether it uses TensorFlow.
        lines: whether its error lists one cause a line.
        any_error: whether it may raise anything, because it only ever gets bytes whose
            SHA-256 is known.
    """

    name: str
    kind: str
    make_seeds: Callable[[], list[bytes]]
    read: Callable[[bytes, Path], Any]
    needs_keras: bool = False
    lines: bool = False
    any_error: bool = False


def judge(reader: Reader, error: BaseException) -> tuple[str, str, str] | None:
    """Say what is wrong with an error: kind, place and detail, or None if it is fine.

    An error is fine if the project raised it on purpose, as `hooks.errors` tells, and
    its message is one line that can be printed and read.
    """
    from lfw17_kedro.hooks.errors import is_expected

    if reader.any_error:
        return None
    message = str(error)
    detail = f"{type(error).__name__}: {message!r}"
    wrapped = WRAPPED in message
    if wrapped or not is_expected(error):
        cause = error.__cause__ if wrapped and error.__cause__ else error
        return "error", f"{type(cause).__name__} in {_locate(cause)}", detail
    if problem := _find_problem(message, lines=reader.lines):
        return "message", f"{problem} in {_locate(error)}", detail
    return None


def _find_problem(message: str, *, lines: bool = False) -> str | None:
    """Say why a user cannot read a message, None if nothing stands against it."""
    problems = {
        "several lines": not lines and "\n" in message.strip(),
        "too long": max(map(len, message.split("\n"))) > MAX_MESSAGE,
        "cannot be printed": message != message.encode("utf-8", "ignore").decode(),
        "empty": not message.strip(),
    }
    return next((problem for problem, is_so in problems.items() if is_so), None)


def _locate(error: BaseException) -> str:
    """Name the last function of ours that the error went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "lfw17_kedro" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "nowhere"


def _read_dlib(data: bytes, _: Path) -> Any:
    from lfw17_kedro.encoders.dlib_resnet import read_layers

    return read_layers(data)


def _read_torch(data: bytes, _: Path) -> Any:
    from lfw17_kedro.encoders.torch_weights import read_state_dict

    return read_state_dict(data, "net.pt")


def _read_graph(data: bytes, _: Path) -> Any:
    from lfw17_kedro.encoders.frozen_graph import read_constants

    return read_constants(data, "net.pb")


def _read_facenet(data: bytes, _: Path) -> Any:
    from lfw17_kedro.encoders.facenet import read_frozen_graph

    return read_frozen_graph(data, "net.zip")


def _load(dataset: str, suffix: str, data: bytes, folder: Path, **options: Any) -> Any:
    """Load a file by one of our datasets."""
    import lfw17_kedro.datasets as ours

    path = folder / f"file{suffix}"
    path.write_bytes(data)
    return getattr(ours, dataset)(filepath=str(path), **options).load()


def _unpack(data: bytes, folder: Path) -> Path:
    """Unpack the files of a folder.

    Raises:
        DatasetError: atheris changed the bundle itself, which no reader ever sees.
    """
    from kedro.io import DatasetError

    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            archive.extractall(folder / "folder")
    except Exception as error:
        raise DatasetError("expected a bundle of files, got a damaged one.") from error
    return folder / "folder"


def _read_photo(data: bytes, folder: Path) -> Any:
    from lfw17_kedro.datasets import JpgFolderDataset

    (folder / "a.jpg").write_bytes(data)
    return JpgFolderDataset(filepath=str(folder)).load()["a"]


def _read_upright(data: bytes, _: Path) -> Any:
    """Decode a user's photo, in its full size and reduced."""
    from lfw17_kedro import photo_files

    photo_files.MAX_USER_PIXELS = MAX_PIXELS
    photo_files.decode_upright(data, "a.jpg", 64)
    return photo_files.decode_upright(data, "a.jpg")


def _seal(folder: Path, card: str) -> None:
    """Write the SHA-256 and size of the files anew, so that they are read."""
    try:
        content = json.loads((folder / card).read_bytes())
        for name, known in content["files"].items():
            file = (folder / name).read_bytes()
            sha256 = hashlib.sha256(file).hexdigest()
            size = len(file)
            is_part = isinstance(known, dict)
            new = {"sha256": sha256, "size": size} if is_part else sha256
            content["files"][name] = new
        (folder / card).write_text(json.dumps(content))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass


def _read_scan(data: bytes, folder: Path) -> Any:
    """Read a part of the scans; a damaged one is set aside."""
    from lfw17_kedro.stores.scan_store import ScanStore

    part = _unpack(data, folder)
    _seal(part, "part.json")
    (folder / "f").mkdir()
    part.rename(folder / "f" / f"part-{0:016}")
    store = ScanStore(folder, "f", 4)
    seeded = [hashlib.sha256(name).hexdigest() for name in (b"a", b"b")]
    is_known = store.is_known(seeded)
    known = {one for one, there in zip(seeded, is_known, strict=True) if there}
    scan = store.read(known)
    assert len(scan.vectors) == len(scan.faces)
    assert set(scan.faces["sha256"]) <= known == set(scan.photos["sha256"])
    return scan, [*store.read_pictures(known)]


def _read_gallery(data: bytes, folder: Path) -> Any:
    from lfw17_kedro.stores.gallery_files import read_gallery

    gallery = _unpack(data, folder)
    _seal(gallery, "gallery.json")
    return read_gallery(gallery)


def _read_corrections(data: bytes, _: Path) -> Any:
    from lfw17_kedro.people.corrections import parse_corrections
    from lfw17_kedro.people.corrections_file import read_corrections_table

    return parse_corrections(read_corrections_table(data))


def _read_pgm(data: bytes, _: Path) -> Any:
    from lfw17_kedro.datasets.face_sources import orl

    return orl._decode(data, 50, 37)


def _read_records(data: bytes, folder: Path) -> Any:
    from lfw17_kedro.datasets import TFRecordDataset

    splits = TFRecordDataset(filepath=str(_unpack(data, folder))).load()
    return [list(stream) for stream in splits.values() if len(stream) >= 0]


def _read_encoder(data: bytes, folder: Path) -> Any:
    import numpy as np

    from lfw17_kedro.datasets import EncoderDataset

    encoder = EncoderDataset(filepath=str(_unpack(data, folder))).load()
    return encoder.network(np.zeros((1, 4, 4, 3), np.uint8)) if encoder else None


def _read_raw_faces(data: bytes, folder: Path) -> Any:
    from lfw17_kedro.datasets.face_sources import SOURCES
    from lfw17_kedro.faces.validate import check_faces

    path = _unpack(data, folder)
    raw = SOURCES["npy"](filepath=str(path), class_names=["Ann", "Bob"])
    return check_faces(raw, 3, 2)


def _read_artifact(record: bytes, folder: Path) -> Any:
    """Check an artifact by its record, as a run does before it reads one."""
    from lfw17_kedro.datasets import StoredDataset, artifact_record
    from lfw17_kedro.hooks.node_calls import parse_origin

    artifact_record._hashed.clear()
    (folder / "a.txt").write_bytes(CONTENT)
    (folder / ".a.txt.record.json").write_bytes(record)
    stored = StoredDataset(dataset="text.TextDataset", filepath=str(folder / "a.txt"))
    stored.expect("f" * 64)
    stored.exists()
    version = stored.check()
    return parse_origin(version.origin) if version else None


def _write_stored(path: Path, data: bytes) -> None:
    """Put an artifact on the disk with a record that fits."""
    from lfw17_kedro.datasets import artifact_record

    artifact_record._hashed.clear()
    path.write_bytes(data)
    content = artifact_record.hash_content(path)
    version = artifact_record.ArtifactVersion(
        content.sha256, content.size, None, None, None, "kedro run"
    )
    artifact_record.write_versions(path, [version])


def _read_run_record(data: bytes, folder: Path) -> Any:
    """Read a run record, then the same bytes as its copy where it is damaged."""
    from kedro.io import DataCatalog

    from lfw17_kedro.datasets import StoredDataset
    from lfw17_kedro.hooks import record_file

    path = folder / "run.json"
    options = {"dataset": "json.JSONDataset", "filepath": str(path), "optional": True}
    catalog = DataCatalog({record_file.RECORD: StoredDataset(**options)})
    _write_stored(path, data)
    record = record_file._load_record(catalog, path)
    path.write_text("damaged")
    record_file.find_copy(path).write_bytes(data)
    return record, record_file._load_record(catalog, path)


def _read_note(data: bytes, folder: Path) -> Any:
    """Name the holder of a lock by the note that it left."""
    from lfw17_kedro.folder_lock import FolderLock

    (folder / ".run.holder.json").write_bytes(data)
    text = FolderLock(folder, "run", "in use", "wait")._describe_holder(1.0)
    if one_line_problem := _find_problem(text):
        raise AssertionError(f"{one_line_problem}: {text!r}")
    return text


def _read_checkpoint(data: bytes, _: Path) -> Any:
    from lfw17_kedro.training.checkpoint_file import parse_checkpoint

    return parse_checkpoint(data, seeds.FINGERPRINT, seeds.make_variables())


@functools.cache
def find_entries(dataset: str) -> list[dict[str, Any]]:
    """Give the different ways in which the catalog loads a kind of dataset."""
    import yaml

    text = (ROOT / "conf/base/catalog.yml").read_text(encoding="utf-8")
    found = {}
    for entry in yaml.safe_load(text).values():
        if entry.get("dataset") == dataset:
            loading = ("load_args", "fs_args")
            options = {key: entry[key] for key in loading if key in entry}
            found[json.dumps(options, sort_keys=True)] = options
    return list(found.values())


def _read_entries(dataset: str, suffix: str, data: bytes, folder: Path) -> Any:
    """Load bytes by one of the catalog's entries of a kind; the size says which."""
    from lfw17_kedro.datasets import StoredDataset

    path = folder / f"file{suffix}"
    _write_stored(path, data)
    entries = find_entries(dataset)
    options = entries[len(data) % len(entries)]
    return StoredDataset(dataset=dataset, filepath=str(path), **options).load()


def _read_conf(data: bytes, folder: Path) -> Any:
    """Load and check parameters as the start of a run does."""
    from kedro.config import OmegaConfigLoader

    from lfw17_kedro.hooks.conf_files import load_section
    from lfw17_kedro.hooks.parameters import load_method_settings
    from lfw17_kedro.parameters import check_parameters, make_parameters_model

    shutil.copytree(ROOT / "conf/base", folder / "base")
    (folder / "local").mkdir()
    (folder / "local/parameters.yml").write_bytes(data)
    loader = OmegaConfigLoader(str(folder), base_env="base", default_run_env="local")
    given = load_section(loader, "parameters")
    return check_parameters(make_parameters_model(load_method_settings()), given)


def _make_conf() -> list[bytes]:
    names = ("parameters", "parameters_facenet_svm", "parameters_data_processing")
    return [(ROOT / f"conf/base/{name}.yml").read_bytes() for name in names]


def _entries(dataset: str, suffix: str) -> Callable[[bytes, Path], Any]:
    return functools.partial(_read_entries, dataset, suffix)


def _dataset(dataset: str, suffix: str) -> Callable[[bytes, Path], Any]:
    return functools.partial(_load, dataset, suffix)


READERS = {
    reader.name: reader
    for reader in (
        Reader("dlib_weights", "dlib", seeds.make_dlib, _read_dlib),
        Reader("torch_pickles", "pickles", seeds.make_torch_pickles, _read_torch),
        Reader("torch_zip", "zip", seeds.make_torch_zips, _read_torch),
        Reader("frozen_graph", "protobuf", seeds.make_graphs, _read_graph, True),
        Reader("facenet_zip", "zip", seeds.make_facenet_zips, _read_facenet),
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
        Reader("raw_faces", "bundle", seeds.make_raw_faces, _read_raw_faces),
        Reader("photo", "jpg", seeds.make_jpgs, _read_photo),
        Reader("upright_photo", "bytes", seeds.make_photos, _read_upright),
        Reader("scan_part", "bundle", seeds.make_scan_parts, _read_scan),
        Reader("gallery", "bundle", seeds.make_galleries, _read_gallery),
        Reader("corrections", "csv", seeds.make_corrections, _read_corrections),
        Reader("orl_photo", "pgm", seeds.make_pgms, _read_pgm, any_error=True),
        Reader("tfrecords", "bundle", seeds.make_records, _read_records, True),
        Reader(
            "keras_model",
            "zip",
            seeds.make_keras,
            _dataset("KerasModelDataset", ".keras"),
            True,
        ),
        Reader("encoder", "bundle", seeds.make_encoders, _read_encoder, True),
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
            _read_artifact,
        ),
        Reader("lock_note", "json", seeds.make_notes, _read_note),
        Reader("checkpoint", "zip", seeds.make_checkpoints, _read_checkpoint),
        Reader("run_record", "json", seeds.make_run_records, _read_run_record),
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
        Reader("parameters", "yaml", _make_conf, _read_conf, lines=True),
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

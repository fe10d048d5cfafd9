"""Read artifacts, their records and parameters from bytes."""

import functools
import json
import shutil
from pathlib import Path
from typing import Any

from tests.fuzz.judge import find_problem

ROOT = Path(__file__).parents[2]
CONTENT = b"an artifact"


def load_dataset(
    dataset: str, suffix: str, data: bytes, folder: Path, **options: Any
) -> Any:
    """Load a file by one of our datasets."""
    import lfw17_kedro.datasets as ours

    path = folder / f"file{suffix}"
    path.write_bytes(data)
    return getattr(ours, dataset)(filepath=str(path), **options).load()


def read_artifact(record: bytes, folder: Path) -> Any:
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


def read_run_record(data: bytes, folder: Path) -> Any:
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


def read_note(data: bytes, folder: Path) -> Any:
    """Name the holder of a lock by the note that it left."""
    from lfw17_kedro.files.folder_lock import FolderLock

    (folder / ".run.holder.json").write_bytes(data)
    text = FolderLock(folder, "run", "in use", "wait")._describe_holder(1.0)
    if one_line_problem := find_problem(text):
        raise AssertionError(f"{one_line_problem}: {text!r}")
    return text


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


def read_entry(dataset: str, suffix: str, data: bytes, folder: Path) -> Any:
    """Load bytes by one of the catalog's entries of a kind; the size says which."""
    from lfw17_kedro.datasets import StoredDataset

    path = folder / f"file{suffix}"
    _write_stored(path, data)
    entries = find_entries(dataset)
    options = entries[len(data) % len(entries)]
    return StoredDataset(dataset=dataset, filepath=str(path), **options).load()


def read_conf(data: bytes, folder: Path) -> Any:
    """Load and check parameters as the start of a run does."""
    from kedro.config import OmegaConfigLoader

    from lfw17_kedro.hooks.conf_files import load_section
    from lfw17_kedro.parameters import check_parameters, make_parameters_model
    from lfw17_kedro.pipeline_registry import load_method_settings

    shutil.copytree(ROOT / "conf/base", folder / "base")
    (folder / "local").mkdir()
    (folder / "local/parameters.yml").write_bytes(data)
    loader = OmegaConfigLoader(str(folder), base_env="base", default_run_env="local")
    given = load_section(loader, "parameters")
    return check_parameters(make_parameters_model(load_method_settings()), given)


def make_conf() -> list[bytes]:
    names = ("parameters", "parameters_facenet_svm", "parameters_data_processing")
    return [(ROOT / f"conf/base/{name}.yml").read_bytes() for name in names]

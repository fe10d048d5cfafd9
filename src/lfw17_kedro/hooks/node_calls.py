"""What Kedro's nodes and catalog say of what a node makes, and from what."""

from collections.abc import Iterable
from typing import Any

from kedro.io import DataCatalog, DatasetError
from kedro.pipeline.node import Node
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from lfw17_kedro.datasets.stored_dataset import StoredDataset
from lfw17_kedro.gallery_types import Gallery
from lfw17_kedro.lineage.code_version import hash_code
from lfw17_kedro.lineage.digest import hash_data
from lfw17_kedro.lineage.origin import NodeCall, Origin
from lfw17_kedro.photo_types import PhotoFolder
from lfw17_kedro.scan_types import StoredScan
from lfw17_kedro.types import RawFaces

RECORD = "run_record"  # no node makes the run record
METRICS = ".metrics"  # behind the name of a method: its scores
PARAMETER = "params:"
COMPUTE = "compute"  # parameters that say where work is done: what it makes is the same


def describe_call(node: Node, catalog: DataCatalog, inputs: dict[str, Any]) -> NodeCall:
    """Describe what of a node decides what it makes.

    Args:
        node: as Kedro runs it.
        catalog: of the run.
        inputs: at least the node's parameters, by name.
    """
    parameters: dict[str, Any] = {}
    for name in node.inputs:
        if name == "parameters":
            parameters |= to_json(inputs[name])
        elif name.startswith(PARAMETER):
            parameters[name.removeprefix(PARAMETER)] = to_json(inputs[name])
    parameters.pop(COMPUTE, None)
    stored = {name: find_stored(catalog, name) for name in node.outputs}
    options = {
        strip_transcoding(name): one.options for name, one in stored.items() if one
    }
    return NodeCall(
        node=node.name,
        parameters=parameters,
        inputs=[
            strip_transcoding(name)
            for name in list_datasets(node.inputs)
            if name != RECORD
        ],
        outputs=[strip_transcoding(name) for name in node.outputs],
        code=hash_node_code(node, catalog),
        options=to_json(options),
        arguments=tuple(map(strip_transcoding, node.inputs)),
    )


def hash_node_code(node: Node, catalog: DataCatalog) -> str:
    """Hash the code of a node and of the datasets that save its outputs.

    A module is read once per process: call this when a run starts, so that a file that
    is edited during the run is not taken for the code that runs.
    """
    stored = filter(None, (find_stored(catalog, name) for name in node.outputs))
    modules = [one.options["type"].rpartition(".")[0] for one in stored]
    return hash_code(node.func, *modules)


def find_stored(catalog: DataCatalog, name: str) -> StoredDataset | None:
    """Give a dataset of the catalog if it is an artifact with a record."""
    dataset = catalog.get(name) if name in catalog else None
    return dataset if isinstance(dataset, StoredDataset) else None


def is_left_out(catalog: DataCatalog, name: str) -> bool:
    """Tell whether a dataset is optional and does not exist: a node gets None."""
    dataset = find_stored(catalog, name)
    try:
        return dataset is not None and dataset.check() is None
    except DatasetError:
        return False


def read_origin(dataset: StoredDataset) -> Origin | None:
    """Give the origin of an artifact, None if it is not known."""
    try:
        version = dataset.read_version()
    except (DatasetError, OSError):
        return None
    return parse_origin(version.origin) if version else None


def parse_origin(stored: dict[str, Any] | None) -> Origin | None:
    """Give an origin out of a record; None if there is none, or not one we can read.

    An artifact without an origin counts as stale.
    """
    try:
        return Origin.model_validate(stored)
    except ValidationError:
        return None


def list_datasets(names: Iterable[str]) -> list[str]:
    """Give the names of datasets that are no parameters."""
    return [n for n in names if n != "parameters" and not n.startswith(PARAMETER)]


def strip_transcoding(name: str) -> str:
    """Give the name that all transcodings of a dataset share."""
    return name.partition("@")[0]


def is_from_outside(data: Any) -> bool:
    """Tell data that come from outside the project and can be hashed."""
    return isinstance(data, RawFaces | PhotoFolder | bytes)


def is_incomplete(data: Any) -> bool:
    """Tell an output for which something could not be done yet."""
    return isinstance(data, StoredScan | Gallery) and data.is_incomplete


def hash_outside(data: Any) -> str:
    """Give the SHA-256 of data that come from outside; of photos by their hashes."""
    return hash_data([*data] if isinstance(data, PhotoFolder) else data)


def to_json(value: Any) -> Any:
    """Convert parameters, pydantic models among them, to what JSON can hold."""
    return to_jsonable_python(value, fallback=str)

"""Look into a .keras file before Keras builds what it describes.

Keras 3.15 itself refuses pickled functions (`safe_mode`) and classes of other packages.
This check comes first and is stricter: the file may name only layers that compute, none
that load files, look words up or run code of other frameworks.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MEMBERS = {"metadata.json", CONFIG, WEIGHTS}
MAX_CONFIG = 64 << 20  # bytes; that of InceptionV3 has 0.3 million
# Modules of Keras all of whose classes only compute, and the layers that do.
MODULES = (
    "keras.constraints",
    "keras.initializers",
    "keras.regularizers",
    "keras.src.ops.",
)
MODELS = {
    ("keras", "DTypePolicy"),
    ("keras", "Sequential"),
    ("keras.src.models.functional", "Functional"),
    (None, "__keras_tensor__"),
    (None, "__tuple__"),
}
LAYERS = {
    "Activation",
    "Add",
    "Average",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "ELU",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "InputLayer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling2D",
    "Maximum",
    "Multiply",
    "PReLU",
    "ReLU",
    "Rescaling",
    "Reshape",
    "SeparableConv2D",
    "Softmax",
    "Subtract",
    "UnitNormalization",
    "ZeroPadding2D",
}


def check_keras_archive(filepath: Path) -> None:
    """Refuse a .keras file that holds more than layers that compute and their weights.

    Args:
        filepath: of the file.

    Raises:
        ValueError, OSError, RecursionError, zipfile.BadZipFile: damaged, compressed,
            a layer that is not in `LAYERS`, or weights that are no plain numbers or
            larger than the file.
    """
    size = filepath.stat().st_size
    with zipfile.ZipFile(filepath) as archive:
        members = archive.infolist()
        if {one.filename for one in members} != MEMBERS or len(members) > len(MEMBERS):
            names = ", ".join(one.filename for one in members[:5])
            raise ValueError(f"it holds {names}, not {', '.join(sorted(MEMBERS))}")
        if any(one.compress_type != zipfile.ZIP_STORED for one in members):
            raise ValueError("it is compressed")
        if sum(one.file_size for one in members) > size:
            raise ValueError("its parts are larger than the file")
        if archive.getinfo(CONFIG).file_size > MAX_CONFIG:
            raise ValueError(f"its {CONFIG} has more than {MAX_CONFIG} bytes")
        _check_config(json.loads(archive.read(CONFIG)))
        _check_weights(archive.read(WEIGHTS))


def _check_config(config: Any) -> None:
    """Refuse classes that are not listed above."""
    if not isinstance(config, dict):
        raise ValueError(f"its {CONFIG} is a {type(config).__name__}, not a model")
    parts = {key: one for key, one in config.items() if key != "compile_config"}
    for module, name, registered in _list_classes(parts):
        is_layer = module == "keras.layers" and name in LAYERS
        is_known = is_layer or (module, name) in MODELS
        if not (is_known or str(module).startswith(MODULES)) or registered not in (
            None,
            name,
        ):
            raise ValueError(
                f"it names {module}.{name}, which is not among the layers that this "
                "project loads (LAYERS in datasets/keras_archive.py)"
            )


def _list_classes(part: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Give module, name and registered name of each object that a config describes."""
    if isinstance(part, dict):
        if "class_name" in part:
            yield part.get("module"), part["class_name"], part.get("registered_name")
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _list_classes(one)


def _check_weights(content: bytes) -> None:
    """Refuse links, arrays kept elsewhere, and arrays larger than the file.

    The low-level interface of h5py takes half the time of the high-level one.
    """
    import h5py
    from h5py import h5d, h5l, h5o

    total = 0
    with h5py.File(io.BytesIO(content), "r") as file:

        def find_problem(name: bytes, info: Any) -> str | None:  # the first one ends it
            nonlocal total
            if info.type != h5l.TYPE_HARD:
                return f"its weights link to another place ({name!r})"
            array = h5o.open(file.id, name)
            if not isinstance(array, h5d.DatasetID):
                return None
            options, numbers = array.get_create_plist(), array.dtype.kind in "biuf"
            is_virtual = options.get_layout() == h5d.VIRTUAL
            if is_virtual or options.get_external_count() or not numbers:
                return f"its weights {name!r} are no plain numbers of this file"
            items = array.get_space().get_simple_extent_npoints()
            total += items * array.dtype.itemsize
            is_larger = total > len(content)
            return f"its weights take {total} bytes or more" if is_larger else None

        problem = file.id.links.visit(find_problem, info=True)
    if problem:
        raise ValueError(problem)

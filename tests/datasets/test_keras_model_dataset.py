import io
import json
import zipfile

import h5py
import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import KerasModelDataset


def make_model():
    import keras

    images = keras.Input((2, 2, 1))
    return keras.Model(images, keras.layers.Flatten()(images))


def test_model_comes_back(tmp_path):
    dataset = KerasModelDataset(filepath=str(tmp_path / "layer" / "model.keras"))

    dataset.save(make_model())

    images = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    np.testing.assert_array_equal(dataset.load()(images), [[0, 1, 2, 3]])
    assert [p.name for p in (tmp_path / "layer").iterdir()] == ["model.keras"]


@pytest.mark.parametrize("fraction", [0, 0.5, 0.99])
def test_truncated_model_is_never_read(tmp_path, fraction):
    file = tmp_path / "model.keras"
    dataset = KerasModelDataset(filepath=str(file))
    dataset.save(make_model())
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * fraction)])

    with pytest.raises(DatasetError, match=r"whole Keras model at .*train it again"):
        dataset.load()


def test_missing_model_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"whole Keras model at .*model\.keras"):
        KerasModelDataset(filepath=str(tmp_path / "model.keras")).load()


def rewrite(file, *, config=None, weights=None, **members):
    """Exchange the members of a saved model; `config` and `weights` change theirs."""
    KerasModelDataset(filepath=str(file)).save(make_dense())
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if config is not None:
        described = json.loads(parts["config.json"])
        parts["config.json"] = json.dumps(config(described) or described).encode()
    if weights is not None:
        stream = io.BytesIO(parts["model.weights.h5"])
        with h5py.File(stream, "r+") as stored:
            weights(stored)
        parts["model.weights.h5"] = stream.getvalue()
    with zipfile.ZipFile(file, "w", members.get("compression", 0)) as archive:
        for name, content in (parts | members.get("parts", {})).items():
            archive.writestr(name, content)


def make_dense():
    import keras

    images = keras.Input((2,))
    return keras.Model(images, keras.layers.Dense(3)(images))


def name_class(module, name, registered=None):
    """Let the second layer, a Dense, be another class."""

    def change(config):
        layer = config["config"]["layers"][1]
        layer |= {"module": module, "class_name": name, "registered_name": registered}

    return change


@pytest.mark.parametrize(
    ("module", "name", "registered"),
    [
        ("keras.layers", "Lambda", None),
        ("keras.layers", "TFSMLayer", None),  # would load a SavedModel
        ("keras.layers", "StringLookup", None),  # would read a file
        ("keras.layers", "TorchModuleWrapper", None),  # would unpickle
        ("keras.utils", "get_file", None),
        ("keras.src.saving.saving_lib", "load_model", None),
        ("os", "system", None),
        (None, "Dense", None),
        ("keras.layers", "Dense", "mine>Dense"),
    ],
)
def test_layers_that_do_more_than_compute_are_refused(
    tmp_path, module, name, registered
):
    file = tmp_path / "model.keras"
    rewrite(file, config=name_class(module, name, registered))

    with pytest.raises(
        DatasetError,
        match=rf"whole Keras model at .*it names {module}\.{name}, which is not among",
    ):
        KerasModelDataset(filepath=str(file)).load()


def test_a_lambda_in_the_middle_of_a_config_is_refused(tmp_path):
    def hide(config):
        lambda_ = {"module": "builtins", "class_name": "__lambda__", "config": {}}
        config["config"]["layers"][1]["config"]["kernel_initializer"] = [[lambda_]]

    file = tmp_path / "model.keras"
    rewrite(file, config=hide)

    with pytest.raises(DatasetError, match=r"it names builtins\.__lambda__"):
        KerasModelDataset(filepath=str(file)).load()


def add_link(target):
    def add(stored):
        stored["layers/dense/vars/9"] = target

    return add


def add_array(**options):
    def add(stored):
        stored.create_dataset("layers/dense/vars/9", **options)

    return add


def add_virtual(stored):
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (2,))
    stored.create_virtual_dataset("layers/dense/vars/9", layout)


@pytest.mark.parametrize(
    ("weights", "got"),
    [
        (add_link(h5py.ExternalLink("/etc/passwd", "/x")), "link to another place"),
        (add_link(h5py.SoftLink("/layers")), "link to another place"),
        (
            add_array(shape=(10**9,), dtype="f4", chunks=(1000,)),
            "weights take 40000000",
        ),
        (
            add_array(shape=(10**9,), dtype="f4", chunks=(1000,), compression="gzip"),
            "weights take 40000000",
        ),
        (
            add_array(shape=(2,), dtype="f4", external=[("/etc/passwd", 0, 8)]),
            "vars/9' are no plain numbers",
        ),
        (add_virtual, "vars/9' are no plain numbers"),
        (add_array(data=["text"]), "vars/9' are no plain numbers"),
    ],
)
def test_weights_that_are_no_arrays_of_the_file_are_refused(tmp_path, weights, got):
    file = tmp_path / "model.keras"
    rewrite(file, weights=weights)

    with pytest.raises(DatasetError, match=rf"whole Keras model at .*{got}"):
        KerasModelDataset(filepath=str(file)).load()


@pytest.mark.parametrize(
    ("changes", "got"),
    [
        ({"compression": zipfile.ZIP_DEFLATED}, "it is compressed"),
        ({"parts": {"assets/x": b""}}, "it holds .*, not config.json, metadata"),
        ({"parts": {"config.json": b"[" * 100_000}}, "recursion"),
        ({"parts": {"config.json": b"[]"}}, "its config.json is a list, not a model"),
        ({"parts": {"config.json": b"{}"}}, "KerasSaveable"),
        ({"parts": {"model.weights.h5": b"x" * 99}}, "signature not found"),
    ],
)
def test_other_archives_are_refused(tmp_path, changes, got):
    file = tmp_path / "model.keras"
    rewrite(file, **changes)

    with pytest.raises(DatasetError, match=rf"whole Keras model at .*{got}.*train it"):
        KerasModelDataset(filepath=str(file)).load()


def test_a_rewritten_archive_still_loads(tmp_path):
    """Otherwise the tests above would prove nothing."""
    file = tmp_path / "model.keras"
    rewrite(file, config=lambda config: None, weights=lambda stored: None)

    loaded = KerasModelDataset(filepath=str(file)).load()

    assert loaded(np.zeros((1, 2), np.float32)).shape == (1, 3)

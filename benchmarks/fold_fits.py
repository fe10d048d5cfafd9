"""Train the methods of the project fold by fold, as their own cross-validation does."""

import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.conf import CONF, check_settings, make_loader
from benchmarks.fold_store import FoldKey, FoldResult, FoldStore, MadeBy
from benchmarks.machine import ROOT, describe_machine, describe_revision
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner

from lfw17_kedro.faces.split import iterate_folds
from lfw17_kedro.hooks.node_calls import PARAMETER, find_stored, hash_node_code
from lfw17_kedro.hooks.parameters import check_folders
from lfw17_kedro.lineage.code_version import hash_code
from lfw17_kedro.lineage.digest import hash_data
from lfw17_kedro.parameters import ParameterError, list_names
from lfw17_kedro.pipeline_registry import register_pipelines
from lfw17_kedro.pipelines.modelling import Method
from lfw17_kedro.pipelines.modelling.nodes import assign_cross_validation
from lfw17_kedro.precision import choose_precision
from lfw17_kedro.training.checkpoint import delete_checkpoint
from lfw17_kedro.types import Table
from lfw17_kedro.unread_parameters import find_unread

FOLDS = "cross_validation_folds"
PACKAGES = ("numpy", "scikit-learn", "tensorflow", "keras")


class Faces:
    """The training images of an environment, and what the methods make of them.

    What the pipelines write goes to a folder of its own, not to the project's `data`.
    """

    def __init__(
        self,
        environment: str,
        changes: Sequence[str],
        folder: Path,
        conf: Path = CONF,
    ) -> None:
        """Read the configuration.

        Args:
            environment: `base`, or the name of another folder in `conf`.
            changes: parameters to change, each as `name.of.the.parameter=value`.
            folder: folder for what the pipelines write.
            conf: folder of the project's configuration.

        Raises:
            ParameterError: one line for each wrong parameter, and each change that
                nothing reads, here or in `kedro run`; or augmented copies.
        """
        loader = make_loader(environment, changes, conf)
        given, entries = loader["parameters"], loader["catalog"]
        self.parameters = check_settings(given)
        typed = loader.runtime_params
        unread = find_unread(self.parameters, typed) + _find_overruled(typed)
        unread += check_folders(given, entries, typed, ROOT)
        if unread:
            raise ParameterError("\n".join(unread))
        self._catalog = DataCatalog.from_config(_move(entries, folder))
        self._known: set[str] = set()  # parameters that the catalog has
        if self.parameters["data_processing"].augmentation.copies:
            raise ParameterError(
                "data_processing.augmentation.copies: expected 0, because copies "
                "differ from seed to seed, got more; set it to 0."
            )

    @cached_property
    def table(self) -> Table:
        """Describe the training images; see `data_processing`."""
        return self.load("train_table")["train_table"]

    @cached_property
    def class_names(self) -> list[str]:
        """Give the K names."""
        names: list[str] = self.load("class_names")["class_names"]
        return names

    @cached_property
    def _hash(self) -> str:
        """Give the SHA-256 of training images, labels and names."""
        images = self.load("train_images")["train_images"]
        labels = self.table["label"].to_numpy(np.int64)
        return hash_data([images, labels, self.class_names])

    def describe(self, method: Method) -> dict[str, Any]:
        """Give all that decides a method's results but code, seed and folds."""
        settings = self.parameters[method.name].model_dump(mode="json")
        settings.pop(FOLDS)  # the benchmark has its own
        photos = self.parameters["data_processing"].model_dump(mode="json")
        photos.pop("split")  # likewise
        made = self._find_makers(*_list_inputs(method)).all_outputs()
        stored = {name: find_stored(self._catalog, name) for name in sorted(made)}
        return {
            "settings": settings,
            "data_processing": photos,
            "data": self._hash,
            "catalog": {name: one.options for name, one in stored.items() if one},
            "auto_precision": choose_precision("auto"),
        }

    def hash_settings(self, method: Method) -> str:
        """Hash what `describe` gives."""
        return hash_data(self.describe(method))

    def hash_code(self, method: Method) -> str:
        """Hash the code that makes a method's features and fits it.

        A module is read once per process: call this before anything is trained, so that
        a file that is edited meanwhile is not taken for the code that runs.
        """
        nodes = self._find_makers(*_list_inputs(method)).nodes
        made = [hash_node_code(node, self._catalog) for node in nodes]
        return hash_data([hash_code(method.fit, method.predict), *made])

    def load_inputs(self, method: Method) -> dict[str, Any]:
        """Compute the features of the training images, and what else fitting needs."""
        loaded = self.load(*_list_inputs(method))
        return {name.rpartition(".")[2]: one for name, one in loaded.items()}

    def load(self, *names: str) -> dict[str, Any]:
        """Load datasets, made by the nodes that they need, once."""
        pipeline = self._find_makers(*names)
        for name in pipeline.inputs() - self._known:
            if name.startswith(PARAMETER):
                self._catalog[name] = MemoryDataset(self._look_up(name))
                self._known.add(name)
        SequentialRunner().run(pipeline, self._catalog, only_missing_outputs=True)
        return {name: self._catalog.load(name) for name in names}

    def _look_up(self, parameter: str) -> Any:
        """Give the value of a parameter by its full name."""
        first, *rest = parameter.removeprefix(PARAMETER).split(".")
        value = self.parameters[first]
        for part in rest:
            value = getattr(value, part)
        return value

    def _find_makers(self, *names: str) -> Pipeline:
        """Give the nodes that make datasets."""
        return register_pipelines()["__default__"].to_outputs(*names)


def _find_overruled(typed: Mapping[str, Any]) -> list[str]:
    """Say which parameters of the command line the benchmark replaces by its options.

    Args:
        typed: the parameters.
    """
    options = {"seed": "--seeds", "split": "--folds", FOLDS: "--folds"}
    return [
        f"{name}: the benchmark has seeds and folds of its own; use {options[one]}."
        for name in list_names(typed)
        for one in name.split(".")
        if one in options
    ]


def _list_inputs(method: Method) -> list[str]:
    """Name the datasets that fitting a method needs."""
    return [f"{method.name}.{name}" for name in ("train_features", *method.resources)]


def _move(catalog: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Give a catalog whose outputs are in another folder.

    What no node makes stays: the user's images, and weights that were downloaded.
    """
    kept = register_pipelines()["__default__"].inputs()
    moved = {}
    for name, entry in catalog.items():
        moved[name] = entry
        if isinstance(entry, dict) and "filepath" in entry:
            base = ROOT if name in kept else folder
            moved[name] = entry | {"filepath": str(base / entry["filepath"])}
    return moved


def describe_makers(codes: Mapping[str, str]) -> dict[str, MadeBy]:
    """Say what makes the results from now on: call it before anything is trained.

    Args:
        codes: name of each method -> hash of its code.
    """
    revision, machine = describe_revision(), describe_machine()
    versions = {name: version(name) for name in PACKAGES}
    return {
        method: MadeBy(code=code, revision=revision, machine=machine, versions=versions)
        for method, code in codes.items()
    }


def fit_folds(
    faces: Faces,
    method: Method,
    keys: Sequence[FoldKey],
    store: FoldStore,
    report: Callable[[FoldResult], None],
    made_by: MadeBy,
) -> None:
    """Fit and predict folds, and write each result when it is there.

    Args:
        faces: the images.
        method: the method of all keys.
        keys: which folds.
        store: where the results and the checkpoints go.
        report: called with each result.
        made_by: the code and the machine.
    """
    if not keys:
        return
    inputs = faces.load_inputs(method)
    features = inputs.pop("train_features")
    store.write_settings(keys[0], faces.describe(method))
    for key in keys:
        table = assign_cross_validation(faces.table, key.folds, key.seed)
        _, trained, validated = list(iterate_folds(table))[key.fold]
        checkpoint = store.find_checkpoint(key) if method.resumable else None
        resumed = checkpoint is not None and checkpoint.exists()
        start = time.perf_counter()
        fitted = method.fit(
            features.take(trained),
            table.iloc[trained].reset_index(drop=True),
            faces.class_names,
            faces.parameters[method.name],
            key.seed,
            final=False,
            checkpoint=checkpoint,
            validation=None,
            **inputs,
        )
        probabilities = method.predict(fitted.model, features.take(validated))
        result = FoldResult(
            key=key,
            ids=table["id"].iloc[validated].tolist(),
            probabilities=probabilities,
            seconds=None if resumed else round(time.perf_counter() - start, 1),
            **asdict(made_by),
        )
        store.write(result)
        if checkpoint is not None:  # of networks
            delete_checkpoint(None, checkpoint)
            _forget_networks()
        report(result)


def _forget_networks() -> None:
    """Free the memory of networks: Keras keeps what it built."""
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
    gc.collect()

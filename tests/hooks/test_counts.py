from types import SimpleNamespace

import numpy as np
import pytest
from click import ClickException
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from lfw17_kedro.faces.requirements import CountRequirement
from lfw17_kedro.hooks.counts import CLASS_NAMES, LABELS, CountHooks
from lfw17_kedro.pipelines.data_processing.settings import DataProcessingSettings
from lfw17_kedro.pipelines.modelling import MethodSettings

NAMES = ["Ann Lee", "Bo Ek"]


class Calibrated(MethodSettings):
    cross_validation_folds: int | None = None

    def require(self, method, split, copies):
        return CountRequirement(split, method, 2, "to calibrate", copies=copies)


def check(labels, *methods, **split):
    """Run the hook on labels, with methods in the run."""
    settings = DataProcessingSettings(
        height=50,
        width=37,
        split={"scheme": "kfold", "validation_fraction": 0.2, "n_folds": 2} | split,
        augmentation={
            "copies": 0,
            "max_degrees": 0,
            "rotation_probability": 0,
            "flip_probability": 0,
        },
        photo_short_side=100,
        detection={
            "thresholds": (0.6, 0.7, 0.7),
            "short_sides": (74,),
            "min_face_size": 20,
            "padding": 0.27,
            "batch_size": 8,
        },
        aligned_size=112,
    )
    catalog = DataCatalog()
    catalog["parameters"] = {"data_processing": settings}
    catalog["params:seed"] = 1
    for number, method in enumerate(methods):
        catalog[f"params:method_{number}"] = method
    inputs = [name for name in catalog.keys() if name.startswith("params:")]
    pipeline = Pipeline([Node(lambda *_: None, inputs, None, name="use")])
    hooks = CountHooks()
    hooks.before_pipeline_run(pipeline=pipeline, catalog=catalog)
    hooks.after_node_run(outputs={"train_images": SimpleNamespace()})
    hooks.after_node_run(outputs={LABELS: np.array(labels), CLASS_NAMES: NAMES})


def test_enough_images_pass():
    check([0, 1, 0, 1, 0, 1, 0, 1], Calibrated())


def test_only_the_methods_of_the_run_are_asked():
    labels = [0, 0, 0, 0, 1, 1]

    check(labels)
    with pytest.raises(
        ClickException, match="leaves 1 of the 2 training images of Bo Ek"
    ):
        check(labels, Calibrated())


def test_hold_out_reads_the_fraction_not_the_folds():
    with pytest.raises(ClickException, match="validation_fraction=0.9 must leave"):
        check([0, 0, 0, 1, 1, 1], scheme="holdout", n_folds=9, validation_fraction=0.9)


def test_person_without_an_image_is_counted():
    with pytest.raises(ClickException, match="Bo Ek has 0"):
        check([0, 0])

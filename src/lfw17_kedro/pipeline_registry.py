"""Every pipeline that `kedro run --pipelines` can run.

Written out, not found by `find_pipelines`: that imports only the pipeline named on the
command line, and these are made of several.
"""

from kedro.pipeline import Pipeline
from pydantic import BaseModel

from lfw17_kedro.pipelines import (
    data_processing,
    enrol,
    ensemble,
    facenet_svm,
    identify,
    modelling,
    reporting,
    scratch_cnn,
    transfer_learning,
)

METHODS = (scratch_cnn.METHOD, transfer_learning.METHOD, facenet_svm.METHOD)


def load_method_settings() -> dict[str, type[BaseModel]]:
    """Map the names of the methods to the classes of their settings."""
    return {method.name: method.settings for method in METHODS}


def register_pipelines() -> dict[str, Pipeline]:
    """Map names to pipelines.

    Each method's pipeline runs from the raw faces to its metrics; `ensemble` joins the
    methods that have been run, and `reporting` compares all of them. `enrol` and
    `identify` work on the user's people and photos, in the environment `people`, whose
    default they are.
    """
    prepare = data_processing.create_pipeline()
    methods = {one.name: prepare + modelling.create_pipeline(one) for one in METHODS}
    joined = ensemble.create_pipeline(methods)
    outputs = {name: one.all_outputs() for name, one in methods.items()}
    report = reporting.create_pipeline(
        outputs | {ensemble.NAME: joined.all_outputs()},
        {one.name for one in METHODS if one.embeds},
    )
    return {
        "__default__": sum(methods.values(), joined + report),
        "data_processing": prepare,
        **methods,
        ensemble.NAME: joined,
        "reporting": report,
        "enrol": enrol.create_pipeline(),
        "identify": identify.create_pipeline(),
    }

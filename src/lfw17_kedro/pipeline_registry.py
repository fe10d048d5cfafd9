"""Every pipeline that `kedro run --pipeline` knows.

Written out, not found by `find_pipelines`: that imports only the pipeline named on the
command line, and these are made of several.
"""

from kedro.pipeline import Pipeline

from lfw17_kedro.pipelines import (
    data_processing,
    evaluation,
    facenet_svm,
    scratch_cnn,
    transfer_learning,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Map names to pipelines; each method's runs from the raw faces to its metrics."""
    prepare = data_processing.create_pipeline()
    methods = {
        "scratch_cnn": scratch_cnn.create_pipeline(),
        "transfer_learning": transfer_learning.create_pipeline(),
        "facenet_svm": facenet_svm.create_pipeline(),
    }
    complete = {
        method: prepare + pipeline + evaluation.create_pipeline(method)
        for method, pipeline in methods.items()
    }
    return {
        "__default__": sum(complete.values(), Pipeline([])),
        "data_processing": prepare,
        **complete,
    }

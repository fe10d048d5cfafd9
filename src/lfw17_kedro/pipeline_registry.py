"""Every pipeline that `kedro run --pipeline` knows.

Written out, not found by `find_pipelines`: that imports only the pipeline named on the
command line, and these are made of several.
"""

from kedro.pipeline import Pipeline

from lfw17_kedro.pipelines import (
    data_processing,
    evaluation,
    facenet_svm,
    reporting,
    scratch_cnn,
    transfer_learning,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Map names to pipelines.

    Each method's runs from the raw faces to its metrics; `reporting` compares whatever
    methods have been run.
    """
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
    report = reporting.create_pipeline(
        {method: pipeline.all_outputs() for method, pipeline in complete.items()}
    )
    return {
        "__default__": sum(complete.values(), report),
        "data_processing": prepare,
        **complete,
        "reporting": report,
    }

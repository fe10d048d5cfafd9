"""A convolutional network trained from nothing: the study's first method."""

from lfw17_kedro.pipelines.scratch_cnn.pipeline import create_pipeline

__all__ = ["create_pipeline"]

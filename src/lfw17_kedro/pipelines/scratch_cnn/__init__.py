"""A convolutional network trained from scratch: the study's first method."""

from lfw17_kedro.pipelines.scratch_cnn.pipeline import METHOD

__all__ = ["METHOD"]

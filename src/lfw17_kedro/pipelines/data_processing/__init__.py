"""From raw arrays to checked, split and augmented photos."""

from lfw17_kedro.pipelines.data_processing.pipeline import create_pipeline

__all__ = ["create_pipeline"]

"""From raw arrays to checked, split, augmented and aligned photos."""

from lfw17_kedro.pipelines.data_processing.pipeline import create_pipeline

__all__ = ["create_pipeline"]

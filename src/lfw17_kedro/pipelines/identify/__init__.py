"""Name every face of a folder of photos after the people enrolled."""

from lfw17_kedro.pipelines.identify.pipeline import create_pipeline

__all__ = ["create_pipeline"]

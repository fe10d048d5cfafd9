"""An ImageNet network retrained on faces: the study's second method."""

from lfw17_kedro.pipelines.transfer_learning.pipeline import create_pipeline

__all__ = ["create_pipeline"]

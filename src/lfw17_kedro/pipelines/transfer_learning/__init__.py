"""An ImageNet network retrained on faces: the study's second method."""

from lfw17_kedro.pipelines.transfer_learning.pipeline import METHOD

__all__ = ["METHOD"]

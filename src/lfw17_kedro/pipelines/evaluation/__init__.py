"""From any method's class probabilities to metrics and a submission."""

from lfw17_kedro.pipelines.evaluation.pipeline import create_pipeline

__all__ = ["create_pipeline"]

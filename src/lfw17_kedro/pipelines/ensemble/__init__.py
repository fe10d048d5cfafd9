"""Joins the probabilities of the methods that have been run."""

from lfw17_kedro.pipelines.ensemble.pipeline import NAME, create_pipeline

__all__ = ["NAME", "create_pipeline"]

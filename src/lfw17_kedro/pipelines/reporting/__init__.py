"""Compares what the methods left, in tables, figures and one page."""

from lfw17_kedro.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]

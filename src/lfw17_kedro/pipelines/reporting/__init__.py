"""Compares the outputs of the methods, in tables, figures and one page."""

from lfw17_kedro.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]

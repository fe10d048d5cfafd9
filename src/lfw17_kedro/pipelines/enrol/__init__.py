"""Enrol the people of a folder of photos: the gallery that `identify` compares with."""

from lfw17_kedro.pipelines.enrol.pipeline import create_pipeline

__all__ = ["create_pipeline"]

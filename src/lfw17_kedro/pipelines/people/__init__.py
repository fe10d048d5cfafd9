"""What `enrol` and `identify` share: the search for faces and its settings."""

from lfw17_kedro.pipelines.people.pipeline import create_pipeline

__all__ = ["create_pipeline"]

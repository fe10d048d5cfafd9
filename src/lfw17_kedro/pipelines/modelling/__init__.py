"""The template of a method: validate, fit, predict, score and submit."""

from lfw17_kedro.pipelines.modelling.method import Fitted, Method
from lfw17_kedro.pipelines.modelling.pipeline import create_pipeline

__all__ = ["Fitted", "Method", "create_pipeline"]

"""The template of a method: validate, fit, predict, score and submit."""

from lfw17_kedro.pipelines.modelling.method import Fitted, Method
from lfw17_kedro.pipelines.modelling.pipeline import create_pipeline, wire_results
from lfw17_kedro.pipelines.modelling.settings import MethodSettings

__all__ = ["Fitted", "Method", "MethodSettings", "create_pipeline", "wire_results"]

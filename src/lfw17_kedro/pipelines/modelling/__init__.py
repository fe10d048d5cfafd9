"""The template of a method: validate, fit, predict, score and submit."""

from lfw17_kedro.pipelines.modelling.method import Fitted, Method
from lfw17_kedro.pipelines.modelling.pipeline import bind_arguments, create_pipeline
from lfw17_kedro.pipelines.modelling.settings import MethodSettings

__all__ = ["Fitted", "Method", "MethodSettings", "bind_arguments", "create_pipeline"]

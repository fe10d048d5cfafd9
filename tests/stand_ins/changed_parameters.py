"""The parameters of conf/base, with changes, and what is said of wrong ones."""

import copy
from pathlib import Path

import pytest
import yaml

from lfw17_kedro.parameters import (
    ParameterError,
    check_parameters,
    make_parameters_model,
)
from lfw17_kedro.pipeline_registry import load_method_settings

CONF = Path(__file__).parents[2] / "conf"
BASE = {
    name: values
    for file in sorted((CONF / "base").glob("parameters*.yml"))
    for name, values in yaml.safe_load(file.read_text()).items()
}
MODEL = make_parameters_model(load_method_settings())


def change(**changes):
    """Change single parameters; `__` in a name stands for the dot."""
    raw = copy.deepcopy(BASE)
    for name, value in changes.items():
        *groups, last = name.split("__")
        inner = raw
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = value
    return raw


def refuse(**changes):
    with pytest.raises(ParameterError) as refused:
        check_parameters(MODEL, change(**changes))
    return str(refused.value).splitlines()

"""Contexts of the project, as `kedro run` makes them from conf and `--params`."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click import ClickException
from kedro.config import OmegaConfigLoader
from kedro.framework.cli.utils import _split_params
from kedro.framework.context import KedroContext
from kedro.framework.hooks.manager import _create_hook_manager

from lfw17_kedro.hooks.parameters import ParameterHooks
from lfw17_kedro.settings import CONFIG_LOADER_ARGS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def conf(tmp_path):
    """The project's own conf with an empty conf/local."""
    ignore_local = shutil.ignore_patterns("local")
    folder = shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=ignore_local)
    (folder / "local").mkdir()
    return folder


@pytest.fixture
def load_context(conf, tmp_path):
    """Make a context as `kedro run --env ENV --params PARAMS` does."""

    def load(params="", env=None):
        typed = _split_params(None, SimpleNamespace(name="params"), params)
        loader = OmegaConfigLoader(
            str(conf), env=env, runtime_params=typed, **CONFIG_LOADER_ARGS
        )
        context = KedroContext(
            package_name="lfw17_kedro",
            project_path=tmp_path,
            config_loader=loader,
            env=env,
            runtime_params=typed,
            hook_manager=_create_hook_manager(),
        )
        ParameterHooks().after_context_created(context)
        return context

    return load


@pytest.fixture
def refuse(load_context):
    """Load a context that must be refused; give the lines of the message."""

    def load(params="", env=None):
        with pytest.raises(ClickException) as refused:
            load_context(params, env)
        head, *lines = refused.value.message.splitlines()
        assert head == "some parameters are wrong:"
        return [line.strip() for line in lines]

    return load

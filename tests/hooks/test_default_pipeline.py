"""`kedro run` without `--pipelines`, in each environment."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click import ClickException
from kedro.config import OmegaConfigLoader
from kedro.framework.project import configure_project, pipelines

from lfw17_kedro.hooks import DefaultPipelineHooks
from lfw17_kedro.pipeline_registry import register_pipelines
from lfw17_kedro.settings import CONFIG_LOADER_ARGS, HOOKS

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _project():
    configure_project("lfw17_kedro")
    yield
    configure_project("lfw17_kedro")


def start(env=None, **content):
    """Start a run of an environment, or of a globals.yml; give the default's nodes."""
    loader = {"globals": content}
    if env is not None:
        conf = str(ROOT / "conf")
        loader = OmegaConfigLoader(conf, env=env, **CONFIG_LOADER_ARGS)
    context = SimpleNamespace(config_loader=loader)
    DefaultPipelineHooks().after_context_created(context)
    return {node.name for node in pipelines["__default__"].nodes}


def list_nodes(*names):
    registered = register_pipelines()
    return {node.name for name in names for node in registered[name].nodes}


def test_people_are_enrolled_and_identified():
    nodes = start("people")

    assert nodes == list_nodes("enrol", "identify")
    assert {"people.enrol", "people.identify", "people.show_album"} <= nodes


@pytest.mark.parametrize("env", ["kaggle", "lfw17", "study", "base"])
def test_other_environments_keep_the_registrys_default(env):
    assert start(env) == list_nodes("__default__")
    assert "people.enrol" not in start(env)


def test_each_run_of_a_process_has_its_own_default():
    for _ in range(2):
        assert start("people") == list_nodes("enrol", "identify")
        assert start("kaggle") == list_nodes("__default__")


def test_other_pipelines_stay():
    start("people")

    assert set(pipelines) == set(register_pipelines())


@pytest.mark.parametrize(
    "value",
    [["enrol", "identfy"], "enrol", [], None, 3, [None], [["enrol"]], {"enrol": 1}],
)
def test_what_names_no_pipelines_is_refused(value):
    with pytest.raises(ClickException) as refused:
        start(default_pipelines=value)

    message = refused.value.message
    assert message.startswith("default_pipelines: expected a list of pipelines among ")
    assert "enrol, identify, got " in message
    assert message.endswith("; correct the globals.yml of this environment.")


def test_hook_is_one_of_the_projects():
    assert any(isinstance(one, DefaultPipelineHooks) for one in HOOKS)

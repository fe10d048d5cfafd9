"""Read the project's configuration as `kedro run --env` does, without `conf/local`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.machine import ROOT
from kedro.config import OmegaConfigLoader
from omegaconf import OmegaConf

CONF = ROOT / "conf"


def make_loader(
    environment: str, changes: Iterable[str] = (), folder: Path = CONF
) -> OmegaConfigLoader:
    """Make the loader of an environment's catalog and parameters.

    Args:
        environment: `base`, or the name of another folder in `folder`.
        changes: parameters to change, each as `name.of.the.parameter=value`.
        folder: folder of the configuration.
    """
    return OmegaConfigLoader(
        str(folder),
        base_env="base",
        default_run_env=environment,
        runtime_params=OmegaConf.to_container(OmegaConf.from_dotlist([*changes])),
        merge_strategy={"parameters": "soft"},
    )


def load_parameters(environment: str) -> dict[str, Any]:
    """Load the parameters of an environment, unchecked."""
    parameters: dict[str, Any] = make_loader(environment)["parameters"]
    return parameters


def check_settings(parameters: Any) -> dict[str, Any]:
    """Check parameters, and put each method's settings in place of the plain values.

    Args:
        parameters: as a loader gives them.

    Raises:
        ParameterError: one line for each wrong parameter.
    """
    # Not above: a contestant that only loads parameters need not import the methods.
    from lfw17_kedro.parameters import check_parameters, make_parameters_model
    from lfw17_kedro.pipeline_registry import load_method_settings

    return check_parameters(make_parameters_model(load_method_settings()), parameters)

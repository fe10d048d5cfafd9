"""Sessions of this project in folders of the tests' own."""

from functools import cache
from pathlib import Path
from typing import Any

from kedro.framework.project import configure_project, pipelines
from kedro.framework.session import KedroSession

PACKAGE = "lfw17_kedro"


def open_session(
    project: Path, env: str | None = None, parameters: dict[str, Any] | None = None
) -> KedroSession:
    """Open a session, with the pipelines as they are now."""
    register_project()
    return KedroSession.create(project, env=env, runtime_params=parameters)


def register_project() -> None:
    """Make the project known to Kedro, with the pipelines as they are now.

    Kedro's own `bootstrap_project` would leave each folder in `sys.path` and
    PYTHONPATH, where every later import looks, in this process and in those that it
    starts; and it reads the settings, always the same, for half a second each time.
    """
    _configure()
    pipelines.configure(f"{PACKAGE}.pipeline_registry")


@cache
def _configure() -> None:
    configure_project(PACKAGE)

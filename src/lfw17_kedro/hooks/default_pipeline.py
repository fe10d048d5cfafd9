"""What `kedro run` runs without `--pipelines`, by environment."""

from click import ClickException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from lfw17_kedro.messages import one_line

DEFAULT = "__default__"
DEFAULT_PIPELINES = "default_pipelines"  # in an environment's globals.yml


class DefaultPipelineHooks:
    """Makes an environment's own pipelines its default.

    Kedro's registry does not know the environment.
    """

    @hook_impl(trylast=True)  # after the check of the configuration
    def after_context_created(self, context: KedroContext) -> None:
        """Set the default pipeline, that of the registry where globals.yml has none.

        Raises:
            ClickException: globals.yml names something else than pipelines.
        """
        from kedro.framework.project import pipelines

        from lfw17_kedro.pipeline_registry import register_pipelines

        registered = register_pipelines()
        names = context.config_loader["globals"].get(DEFAULT_PIPELINES, [DEFAULT])
        if (
            not isinstance(names, list)
            or not names
            or {*map(str, names)} - {*registered}
        ):
            known = ", ".join(name for name in registered if name != DEFAULT)
            raise ClickException(
                f"{DEFAULT_PIPELINES}: expected a list of pipelines among {known}, got "
                f"{one_line(names)}; correct the globals.yml of this environment."
            )
        pipelines[DEFAULT] = sum(registered[name] for name in names)

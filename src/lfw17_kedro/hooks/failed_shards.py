"""Let a run fail, at its very end, if some photos could not be searched."""

from typing import Any

from click import ClickException
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from lfw17_kedro.messages import one_line

ENDING = "_failed"  # of the datasets that list photos of failed shards


class FailedShardHooks:
    """Ends a run with an error after everything that could be done is done."""

    @hook_impl(trylast=True)
    def after_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Look whether all shards succeeded.

        Raises:
            ClickException: some did not; says where they are listed.
        """
        for name in sorted(filter(lists_failed, pipeline.all_outputs())):
            if len(failed := catalog.load(name)):
                raise ClickException(describe_failed(failed, _get_path(catalog, name)))


def lists_failed(dataset: str) -> bool:
    """Tell whether a dataset lists photos of failed shards, by its name."""
    return dataset.endswith(ENDING)


def describe_failed(failed: Any, path: str) -> str:
    """Say how much failed, why, and what to do.

    Args:
        failed: one row per photo, `photo_types.FAILED_COLUMNS`.
        path: where they are listed.
    """
    return (
        f"expected all photos to be searched, got {len(failed)} that were not, in "
        f"{failed['shard'].nunique()} shards, {failed['photo'].iloc[0]} first: "
        f"{one_line(failed['reason'].iloc[0]).rstrip('.')}; all others are searched "
        f"and shown, {path} lists these: run again to search them."
    )


def _get_path(catalog: DataCatalog, name: str) -> str:
    """Give the path of a dataset's file."""
    return str(catalog[name]._describe()["filepath"])

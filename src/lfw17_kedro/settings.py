"""Kedro's settings of this project."""

import warnings

from lfw17_kedro.uncaught import shorten_uncaught_errors, show_kedro_errors

shorten_uncaught_errors()  # first: the hooks take a second to import
show_kedro_errors()

from lfw17_kedro.hooks import (  # noqa: E402 (see above)
    CountHooks,
    DefaultPipelineHooks,
    ErrorHooks,
    FailedShardHooks,
    LineageHooks,
    MemoryHooks,
    MlflowRecordHooks,
    ParameterHooks,
    ProgressHooks,
    RunRecordHooks,
    SummaryHooks,
)

# omegaconf's deprecation warning of a function that Kedro calls, three times per run.
warnings.filterwarnings("ignore", r"\s*register_new_resolver\(\) is deprecated")

lineage = LineageHooks()

HOOKS = (
    ParameterHooks(),
    DefaultPipelineHooks(),
    lineage,
    CountHooks(),
    MemoryHooks(),
    ProgressHooks(after_interrupt=lineage.release_interrupted),
    FailedShardHooks(),
    SummaryHooks(),
    RunRecordHooks(lineage),
    MlflowRecordHooks(),
    ErrorHooks(),
)

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An environment changes single parameters and keeps the others.
    "merge_strategy": {"parameters": "soft"},
}

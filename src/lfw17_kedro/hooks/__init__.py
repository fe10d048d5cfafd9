"""What happens around every run: checks before it, its progress, its record."""

from lfw17_kedro.hooks.counts import CountHooks
from lfw17_kedro.hooks.default_pipeline import DefaultPipelineHooks
from lfw17_kedro.hooks.errors import ErrorHooks
from lfw17_kedro.hooks.failed_shards import FailedShardHooks
from lfw17_kedro.hooks.lineage import LineageHooks
from lfw17_kedro.hooks.memory import MemoryHooks
from lfw17_kedro.hooks.mlflow_record import MlflowRecordHooks
from lfw17_kedro.hooks.parameters import ParameterHooks
from lfw17_kedro.hooks.progress import ProgressHooks
from lfw17_kedro.hooks.run_record import RunRecordHooks
from lfw17_kedro.hooks.summary import SummaryHooks

__all__ = [
    "CountHooks",
    "DefaultPipelineHooks",
    "ErrorHooks",
    "FailedShardHooks",
    "LineageHooks",
    "MemoryHooks",
    "MlflowRecordHooks",
    "ParameterHooks",
    "ProgressHooks",
    "RunRecordHooks",
    "SummaryHooks",
]

"""What happens around every run: its progress, and a summary at its end."""

from lfw17_kedro.hooks.progress import ProgressHooks
from lfw17_kedro.hooks.summary import SummaryHooks

__all__ = ["ProgressHooks", "SummaryHooks"]

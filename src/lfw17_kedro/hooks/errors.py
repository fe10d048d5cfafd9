"""End a run that fails with the sentence that says what to do, without a traceback."""

import logging
import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click import ClickException
from kedro.framework.hooks import hook_impl
from kedro.io import DatasetError

from lfw17_kedro.files.folder_lock import LockedError
from lfw17_kedro.hooks.run_options import keep_results
from lfw17_kedro.lineage.command import write_command

logger = logging.getLogger(__name__)

PACKAGE = Path(__file__).parents[1]
COMPARES = "reporting"  # the pipeline that makes nothing of what it reads
# How nodes and datasets, which do not know the run, say what to run.
WHAT_TO_RUN = re.compile(
    r"\b(?:run (?:the whole pipeline|the pipeline(?: that [^.;,`]*?)?|data_processing"
    r"|write_records)|train it)(?: again| first)?(?=[.;,]|$)"
)


class ErrorHooks:
    """Shows errors that this project raises on purpose as one message.

    Any other error, for example a mistake in the code, keeps its traceback. With the
    log level DEBUG all do.
    """

    @hook_impl(trylast=True)
    def on_pipeline_error(self, error: Exception, run_params: dict[str, Any]) -> None:
        """Replace an expected error.

        Raises:
            ClickException: with the message of the error.
        """
        if is_expected(error):
            logger.debug("The run failed.", exc_info=error)
            raise ClickException(name_command(str(error), run_params)) from error


def name_command(message: str, run_params: Mapping[str, Any]) -> str:
    """Put the command in the place of "the whole pipeline" and the like.

    Args:
        message: of an error.
        run_params: as Kedro gives them to `on_pipeline_error`.
    """
    names = [n for n in run_params.get("pipeline_names") or [] if n != COMPARES]
    command = write_command(keep_results(run_params) | {"pipeline_names": names})
    return WHAT_TO_RUN.sub(lambda _: f"run `{command}`", message)


def is_expected(error: BaseException) -> bool:
    """Tell whether this project raised an error on purpose, to say what to do.

    Those are errors of datasets and locks, and a ValueError or OSError that a line of
    this package raised itself.
    """
    if isinstance(error, DatasetError | ClickException | LockedError):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    if not isinstance(error, ValueError | OSError) or not frames:
        return False
    last = frames[-1]
    raised = (last.line or "").lstrip().startswith("raise ")
    return raised and PACKAGE in Path(last.filename).parents

"""End a run that fails with the sentence that says what to do, without a traceback."""

import logging
import traceback
from pathlib import Path

from click import ClickException
from kedro.framework.hooks import hook_impl
from kedro.io import DatasetError

logger = logging.getLogger(__name__)

PACKAGE = Path(__file__).parents[1]


class ErrorHooks:
    """Shows errors that this project raises on purpose as one message.

    Any other error, a mistake in the code for one, keeps its traceback. With the log
    level DEBUG all do.
    """

    @hook_impl(trylast=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Replace an expected error.

        Raises:
            ClickException: with the message of the error.
        """
        if is_expected(error):
            logger.debug("The run failed.", exc_info=error)
            raise ClickException(str(error)) from error


def is_expected(error: BaseException) -> bool:
    """Tell whether this project raised an error on purpose, to say what to do.

    Those are errors of datasets, and a ValueError or OSError that a line of this
    package raised itself.
    """
    if isinstance(error, DatasetError | ClickException):
        return True
    frames = traceback.extract_tb(error.__traceback__)
    if not isinstance(error, ValueError | OSError) or not frames:
        return False
    last = frames[-1]
    raised = (last.line or "").lstrip().startswith("raise ")
    return raised and PACKAGE in Path(last.filename).parents

import numpy as np
import pytest
from click import ClickException
from kedro.io import DatasetError

from lfw17_kedro.faces.split import hold_out
from lfw17_kedro.hooks.errors import ErrorHooks


def catch(function, *arguments):
    """Give the error that a call raises."""
    with pytest.raises(Exception) as caught:
        function(*arguments)
    return caught.value


def raise_here():
    raise ValueError("not of the project")


@pytest.mark.parametrize(
    "error",
    [
        DatasetError("expected a file, found none; run again."),
        catch(hold_out, np.zeros(1, int), 0.5, 0),
    ],
)
def test_expected_errors_end_with_their_message(error):
    with pytest.raises(ClickException) as shown:
        ErrorHooks().on_pipeline_error(error)

    assert shown.value.message == str(error)


@pytest.mark.parametrize(
    "error",
    [
        catch(raise_here),
        catch(hold_out, np.zeros((0,), int), 0.5, 0),  # NumPy's own ValueError
        catch(lambda: 1 / 0),
        ValueError("raised nowhere"),
    ],
)
def test_other_errors_keep_their_traceback(error):
    assert ErrorHooks().on_pipeline_error(error) is None

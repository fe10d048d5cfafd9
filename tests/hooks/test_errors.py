import numpy as np
import pytest
from click import ClickException
from kedro.io import DatasetError

from lfw17_kedro.faces.split import hold_out
from lfw17_kedro.files.folder_lock import LockedError
from lfw17_kedro.hooks.errors import ErrorHooks, name_command


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
        LockedError("another training uses the folder; wait until it ends."),
    ],
)
def test_expected_errors_end_with_their_message(error):
    with pytest.raises(ClickException) as shown:
        ErrorHooks().on_pipeline_error(error, {})

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
    assert ErrorHooks().on_pipeline_error(error, {}) is None


@pytest.mark.parametrize(
    ("advice", "named"),
    [
        ("got none: they have not been made yet; run the whole pipeline.", "{}."),
        ("come from another run: run the whole pipeline again.", "{}."),
        ("got a damaged shard; run the pipeline that writes the records again.", "{}."),
        ("run the pipeline again, which computes them.", "{}, which computes them."),
        ("one record too many; run write_records again.", "{}."),
        ("found no such folder; run data_processing first.", "{}."),
        ("expected a whole Keras model; train it again.", "{}."),
    ],
)
def test_the_command_takes_the_place_of_what_to_run(advice, named):
    run_params = {
        "pipeline_names": ["facenet_svm"],
        "env": "kaggle",
        "conf_source": "/my conf",
        "runtime_params": {"raw_folder": "my faces"},
        "node_names": ["facenet_svm.fit"],
    }

    message = name_command(advice, run_params)

    command = (
        "run `kedro run --pipelines facenet_svm --env kaggle --conf-source '/my conf' "
        "--params 'raw_folder=my faces'`"
    )
    assert message.endswith(named.format(command))
    assert message.count("kedro run") == 1


@pytest.mark.parametrize(
    "advice",
    [
        "make room and run again.",
        "run `kedro run --pipelines reporting` again.",
        "run the pipelines of the other methods alone.",
    ],
)
def test_advice_that_names_no_pipeline_stays(advice):
    assert name_command(advice, {}) == advice


def test_the_report_alone_makes_none_of_what_it_reads():
    message = name_command("run the whole pipeline.", {"pipeline_names": ["reporting"]})

    assert message == "run `kedro run`."

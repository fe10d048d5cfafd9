import gc
import sys

import pytest

from lfw17_kedro.start_up import import_tensorflow


@pytest.fixture
def write_tensorflow(tmp_path, monkeypatch):
    """Give a function that replaces TensorFlow, not yet imported, by some code."""

    def write(code):
        (tmp_path / "tensorflow.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setitem(sys.modules, "tensorflow", None)  # what was is put back
        del sys.modules["tensorflow"]

    yield write
    gc.enable()


NOTE_STATE = "import gc\nwas_enabled = gc.isenabled()\n"


def test_no_garbage_is_collected_during_the_import(write_tensorflow):
    write_tensorflow(NOTE_STATE)

    tf = import_tensorflow()

    assert not tf.was_enabled
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off(write_tensorflow):
    write_tensorflow(NOTE_STATE)
    gc.disable()

    import_tensorflow()

    assert not gc.isenabled()


def test_a_failed_import_leaves_the_collector_as_it_was(write_tensorflow):
    write_tensorflow("raise ImportError('damaged')")

    with pytest.raises(ImportError, match="^damaged$"):
        import_tensorflow()

    assert gc.isenabled()


def test_what_is_imported_already_is_given_as_it_is(write_tensorflow):
    write_tensorflow(NOTE_STATE)
    tf = import_tensorflow()
    gc.disable()

    assert import_tensorflow() is tf
    assert not gc.isenabled()

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
    gc.unfreeze()


NOTE_STATE = "import gc\nwas_enabled = gc.isenabled()\n"


def test_no_garbage_is_collected_during_the_import(write_tensorflow):
    write_tensorflow(NOTE_STATE)
    frozen = gc.get_freeze_count()

    tf = import_tensorflow()

    assert not tf.was_enabled
    assert gc.isenabled()
    assert gc.get_freeze_count() > frozen


def test_a_collector_that_is_off_stays_off(write_tensorflow):
    write_tensorflow(NOTE_STATE)
    gc.disable()

    import_tensorflow()

    assert not gc.isenabled()


def test_a_failed_import_leaves_the_collector_as_it_was(write_tensorflow):
    write_tensorflow("raise ImportError('damaged')")
    gc.unfreeze()

    with pytest.raises(ImportError, match="^damaged$"):
        import_tensorflow()

    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_garbage_from_before_is_not_kept(write_tensorflow):
    write_tensorflow("")

    class Kept:
        alive = 0

        def __init__(self):
            Kept.alive += 1
            self.itself = self

        def __del__(self):
            Kept.alive -= 1

    Kept()
    import_tensorflow()

    assert Kept.alive == 0


def test_the_second_call_does_nothing_but_give_the_module(write_tensorflow):
    write_tensorflow(NOTE_STATE)
    first = import_tensorflow()
    frozen = gc.get_freeze_count()
    new = [[] for _ in range(100)]

    assert import_tensorflow() is first
    assert len(new) == 100
    assert gc.get_freeze_count() <= frozen

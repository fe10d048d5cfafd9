import pickle
import time
import tracemalloc

import pytest

from lfw17_kedro.encoders.tensor_pickle import MAX_STEPS, TensorPickle

END = b"."
PROTOCOL = b"\x80\x02"
DICT = b"ccollections\nOrderedDict\n"


def test_plain_values_are_those_of_pickle_and_the_end_is_told():
    values = [{"a": 1, "b": [2, -70_000, None, True, False]}, (), (1,), (1, 2, 3, "4")]
    data = pickle.dumps(values, 2)

    read = TensorPickle(b"xx" + data + b"rest", 2)

    assert read.value == values
    assert read.end == 2 + len(data)


def test_ordered_dicts_are_built_without_their_attributes():
    data = PROTOCOL + DICT + b")R" + b"X\1\0\0\0aK\1s" + b"}X\1\0\0\0zK\2sb" + END

    assert TensorPickle(data).value == {"a": 1}


def test_memo_index_takes_no_memory():
    data = PROTOCOL + b"]r\xff\xff\xff\x7fj\xff\xff\xff\x7fa" + END
    tracemalloc.start()

    TensorPickle(data)

    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


NESTED = b"(" + b"]q\0" + b"h\0h\0\x86q\0" * 40  # 2**40 leaves, if anything walked it


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (b"", "pickle exhausted"),
        (b"K", "not enough data"),
        (b"\xff.", "opcode b'.xff' unknown"),
        (b".", "damaged .IndexError"),
        (b"h\x07.", "damaged .KeyError: 7"),
        (b"cos\nsystem\n.", r"names .os\.system., and nothing but tensors"),
        (b"cos\n" + b"x" * 500 + b"\n.", "names .os.x{77}., and nothing"),
        (b"\x8a\x09" + b"\x7f" * 9 + b".", "an integer of 71 bits"),
        (b"X" + (2000).to_bytes(4, "little") + b"a" * 2000 + b".", "2000 characters"),
        (b"}K\1K\2s.", "has a int in place of a str"),
        (b"]K\1K\2s.", "has a list in place of a dict"),
        (b"}(K\1e.", "has a dict in place of a list"),
        (b"}(X\1\0\0\0au.", "a key without a value"),
        (b"](a.", "takes more values than it has"),
        (b"K\1Q.", "refers to something that is no storage"),
        (DICT + b"]\x85R.", "a call that builds no tensor"),
        (b"]]R.", "has a list in place of a Global"),
        (b"S'\\q'\n.", "damaged .DeprecationWarning|a step STRING, which no tensor"),
        (b"G" + b"\0" * 8 + b".", "a step BINFLOAT, which no tensor needs"),
        (NESTED + b"Q.", "refers to something that is no storage"),
        (NESTED + b"h\0h\0R.", "has a tuple in place of a Global"),
        (b"(" * 100_000 + b"t" * 200_000, "damaged|pickle exhausted|steps"),
        (b"N" * (MAX_STEPS + 1) + b".", f"more than {MAX_STEPS} steps"),
        (b"]" + b"\x85" * 100_000 + b"Q.", "no storage"),  # nested too deep to print
    ],
)
def test_every_other_pickle_is_refused_at_once(program, message):
    start = time.process_time()

    with pytest.raises(ValueError, match=message):
        TensorPickle(program)

    assert time.process_time() - start < 5


@pytest.mark.parametrize("count", [9, 10**6])
def test_negative_and_missing_lengths_are_refused(count):
    for step in (b"\x8b", b"B", b"T", b"\x8e", b"\x96"):
        with pytest.raises(ValueError):
            TensorPickle(step + count.to_bytes(8, "little", signed=True) + b".")
    with pytest.raises(ValueError, match="long4 byte count < 0"):
        TensorPickle(b"\x8b" + b"\xff" * 4 + b".")

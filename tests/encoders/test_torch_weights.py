import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from torch_files import (
    FloatStorage,
    LongStorage,
    Storage,
    Tensor,
    write_five_pickles,
    write_zip,
)

from lfw17_kedro.encoders.torch_weights import Weights, read_state_dict


class RunOnLoad:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture(params=[write_five_pickles, write_zip])
def write(request):
    return request.param


FLOATS = Storage("0", FloatStorage, np.arange(8, dtype="<f4"))
COUNTS = Storage("1", LongStorage, np.array([7], "<i8"))


def test_read_state_dict_follows_offsets_and_strides(write):
    state = OrderedDict(
        kernel=Tensor(FLOATS, 1, (2, 3), (1, 2)),  # element i, j is 1 + i + 2j
        bias=Tensor(FLOATS, 6, (2,), (1,)),
        count=Tensor(COUNTS, 0, (), ()),
    )
    state._metadata = OrderedDict(version=2)  # as PyTorch's modules add

    arrays = read_state_dict(write(state, [FLOATS, COUNTS]), "net.pt")

    assert list(arrays) == ["kernel", "bias", "count"]
    np.testing.assert_array_equal(arrays["kernel"], [[1, 3, 5], [2, 4, 6]])
    np.testing.assert_array_equal(arrays["bias"], [6, 7])
    np.testing.assert_array_equal(arrays["count"], 7)
    assert [a.dtype for a in arrays.values()] == [np.float32, np.float32, np.int64]


def test_read_state_dict_runs_nothing(write, tmp_path):
    command = RunOnLoad(os.system, f"touch {tmp_path / 'ran'}")
    data = write({"weight": command}, [])

    with pytest.raises(ValueError, match=rf"net\.pt.*{os.system.__module__}\.system"):
        read_state_dict(data, "net.pt")

    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("function", [eval, getattr, np.dtype, pickle.loads])
def test_read_state_dict_names_the_refused(write, function):
    data = write({"weight": RunOnLoad(function, "1")}, [])
    with pytest.raises(ValueError, match=f"{function.__name__}, and nothing but"):
        read_state_dict(data, "net.pt")


def test_read_state_dict_refuses_truncated_files(write):
    data = write({"bias": Tensor(FLOATS, 0, (8,), (1,))}, [FLOATS])
    for size in range(len(data)):
        with pytest.raises(ValueError, match=rf"net\.pt.*got {size} bytes"):
            read_state_dict(data[:size], "net.pt")


@pytest.mark.parametrize("data", [b"<html>Not found</html>", b"PK\x03\x04", b"text"])
def test_read_state_dict_refuses_other_files(data):
    with pytest.raises(ValueError, match="expected the weights of a PyTorch network"):
        read_state_dict(data, "net.pt")


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (3, 3), (3, 1)),  # one element too many
        (7, (2,), (1,)),
        (0, (9,), (0,)),  # more elements than the storage holds
        (2, (2,), (-1,)),
        (0, (2, 2), (1,)),
        (0, (2.5,), (1,)),
    ],
)
def test_read_state_dict_stays_inside_the_storage(write, offset, shape, strides):
    data = write({"bias": Tensor(FLOATS, offset, shape, strides)}, [FLOATS])
    with pytest.raises(ValueError, match=r"bias (of|has) shape"):
        read_state_dict(data, "net.pt")


def test_read_state_dict_refuses_what_is_no_state_dict(write):
    with pytest.raises(ValueError, match="epoch is no tensor"):
        read_state_dict(write({"epoch": 3}, []), "net.pt")
    with pytest.raises(ValueError, match="it holds a list"):
        read_state_dict(write([], []), "net.pt")


def test_weights_hand_out_each_parameter_once():
    kernel = np.arange(6.0).reshape(1, 2, 3, 1)  # OIHW
    parts = ("weight", "bias", "running_mean", "running_var")
    arrays = {f"bn.{part}": np.full(1, i) for i, part in enumerate(parts)}
    arrays |= {"bn.num_batches_tracked": np.array(9), "conv": kernel, "logits": kernel}
    weights = Weights(arrays, "net")

    hwio = weights.take_kernel("conv", (1, 2, 3, 1))
    batch_norm = weights.take_batch_norm("bn", 1)
    weights.ignore(["logits", "absent"])
    weights.check_all_used()

    assert hwio.dtype == np.float32
    np.testing.assert_array_equal(hwio[..., 0], [[[0, 3]], [[1, 4]], [[2, 5]]])
    np.testing.assert_array_equal(batch_norm, [[0], [1], [2], [3]])
    with pytest.raises(ValueError, match="net needs the parameter conv once"):
        weights.take("conv", (1, 2, 3, 1))


def test_weights_name_what_does_not_fit():
    weights = Weights({"a": np.zeros(2), "b": np.zeros(3)}, "net")
    with pytest.raises(ValueError, match="net needs the parameter c once"):
        weights.take("c", (2,))
    with pytest.raises(ValueError, match=r"net needs a of shape \(3,\), got \(2,\)"):
        weights.take("a", (3,))
    with pytest.raises(ValueError, match=r"no place for 1 parameters .*\(b\)"):
        weights.check_all_used()

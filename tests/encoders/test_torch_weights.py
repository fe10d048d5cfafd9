import io
import os
import pickle
import zipfile
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
    with pytest.raises(ValueError, match=f"{function.__name__}., and nothing but"):
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
        (0, (0, 1 << 60), (1 << 60, 1)),  # empty, but NumPy cannot count so far
    ],
)
def test_read_state_dict_stays_inside_the_storage(write, offset, shape, strides):
    data = write({"bias": Tensor(FLOATS, offset, shape, strides)}, [FLOATS])
    with pytest.raises(ValueError, match=r"bias of shape .* lies outside its storage"):
        read_state_dict(data, "net.pt")


@pytest.mark.parametrize("shape", [("8",), (True,), (1,) * 9])
def test_read_state_dict_refuses_what_is_no_shape(write, shape):
    data = write({"bias": Tensor(FLOATS, 0, shape, (1,) * len(shape))}, [FLOATS])
    with pytest.raises(ValueError, match="shape, strides or offset of bias are none"):
        read_state_dict(data, "net.pt")


def test_tensors_that_share_a_storage_may_not_multiply_the_file(write):
    long = Storage("0", FloatStorage, np.zeros(10_000, "<f4"))
    tensors = {str(i): Tensor(long, 0, (10_000,), (1,)) for i in range(3)}
    del tensors["2"]
    assert len(read_state_dict(write(tensors, [long]), "net.pt")) == 2

    tensors |= {str(i): Tensor(long, i, (9_000,), (1,)) for i in range(3)}
    with pytest.raises(ValueError, match="more than twice the bytes of the file"):
        read_state_dict(write(tensors, [long]), "net.pt")


class Claim:
    size = 2**47

    def tobytes(self):
        return bytes(8)


def test_storages_hold_what_they_claim(write):
    claimed = Storage("0", FloatStorage, Claim())
    data = write({"bias": Tensor(claimed, 0, (2**47,), (1,))}, [claimed])
    with pytest.raises(ValueError, match=f"storage 0 has 2 elements, not {2**47}"):
        read_state_dict(data, "net.pt")


def test_zip_without_a_storage_is_refused():
    data = write_zip({"bias": Tensor(FLOATS, 0, (8,), (1,))}, [])
    with pytest.raises(ValueError, match="storage 0 is missing"):
        read_state_dict(data, "net.pt")


def test_big_endian_files_are_refused():
    data = write_zip({"bias": Tensor(FLOATS, 0, (8,), (1,))}, [FLOATS])
    with pytest.raises(ValueError, match="not come from a little-endian machine"):
        read_state_dict(_swap_member(data, "archive/byteorder", b"big"), "net.pt")
    data = write_five_pickles({}, [])
    with pytest.raises(ValueError, match="not come from a little-endian machine"):
        read_state_dict(data.replace(b"\x88", b"\x89"), "net.pt")


def _swap_member(data, name, content):
    """Rewrite a zip file with another content of one member."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(file, "w") as new,
    ):
        for member in old.namelist():
            new.writestr(member, content if member == name else old.read(member))
    return file.getvalue()


def test_large_files_are_refused_unread(monkeypatch):
    monkeypatch.setattr("lfw17_kedro.encoders.torch_weights.MAX_BYTES", 100)
    with pytest.raises(ValueError, match=r"net\.pt: .*\(more than 100 bytes\)"):
        read_state_dict(b"PK\x03\x04" + b"\0" * 100, "net.pt")


def test_read_state_dict_refuses_what_is_no_state_dict(write):
    with pytest.raises(ValueError, match="epoch is no tensor"):
        read_state_dict(write({"epoch": 3}, []), "net.pt")
    with pytest.raises(ValueError, match="it holds a list"):
        read_state_dict(write([], []), "net.pt")
    with pytest.raises(ValueError, match="a step BINFLOAT, which no tensor needs"):
        read_state_dict(write({"epoch": 2.5}, []), "net.pt")


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

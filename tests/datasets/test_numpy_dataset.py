import io
import resource
import struct
import zipfile
from contextlib import nullcontext as nothing

import numpy as np
import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import NumpyDataset
from lfw17_kedro.datasets.numpy_dataset import read_array, read_arrays


def test_array_comes_back(tmp_path):
    dataset = NumpyDataset(filepath=str(tmp_path / "layer" / "faces.npy"))
    faces = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    assert not dataset.exists()

    dataset.save(faces)

    assert dataset.exists()
    loaded = dataset.load()
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, faces)


def test_dict_of_arrays_comes_back(tmp_path):
    dataset = NumpyDataset(filepath=str(tmp_path / "embeddings.npz"))

    dataset.save({"ids": np.array(["a", "b"]), "encoder": np.array("net@1")})

    loaded = dataset.load()
    assert loaded["ids"].tolist() == ["a", "b"]
    assert str(loaded["encoder"]) == "net@1"


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"expected a NumPy file at .*faces\.npy"):
        NumpyDataset(filepath=str(tmp_path / "faces.npy")).load()


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("size", [0, 5, 100, -1])
def test_truncated_file_is_named(tmp_path, suffix, size):
    file = tmp_path / f"faces.{suffix}"
    dataset = NumpyDataset(filepath=str(file))
    array = np.zeros((9, 9))
    dataset.save(array if suffix == "npy" else {"faces": array})
    file.write_bytes(file.read_bytes()[:size])

    with pytest.raises(DatasetError, match=rf"whole NumPy file .*faces\.{suffix}"):
        dataset.load()


def test_pickled_objects_are_refused_on_both_ways(tmp_path):
    file = tmp_path / "faces.npy"
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    dataset = NumpyDataset(filepath=str(file))

    with pytest.raises(DatasetError, match="without pickled objects"):
        dataset.load()
    with pytest.raises(DatasetError, match="allow_pickle"):
        dataset.save(np.array([{"a": 1}], dtype=object))
    assert [path.name for path in tmp_path.iterdir()] == ["faces.npy"]


def make_npy(descr="'<f4'", shape="(2, 3)", content=bytes(24), header=None, major=1):
    """Write a .npy by hand, so that it may lie."""
    text = (
        f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"
        if header is None
        else header
    ).encode("latin1")
    length = struct.pack("<H" if major == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([major, 0]) + length + text + content


def make_npz(*members, compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.fixture
def small_memory():
    """Fail where a test takes 2 GB more than it has."""
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(
        resource.RLIMIT_AS, (pages * resource.getpagesize() + (2 << 30), limits[1])
    )
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


def test_arrays_written_by_hand_are_read(tmp_path):
    """Otherwise the tests below would prove nothing."""
    file = tmp_path / "faces.npy"
    for content in (make_npy(), make_npy(major=2), make_npy(shape="(2, 3L)")):
        file.write_bytes(content)
        with pytest.warns(UserWarning) if b"L" in content else nothing():
            assert read_arrays(file).shape == (2, 3)
    file.write_bytes(make_npz(("a.npy", make_npy())))
    assert read_arrays(file)["a"].shape == (2, 3)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (make_npy(shape="(10**6, 3)"), "malformed"),
        (
            make_npy(shape="(1000000000, 3)"),
            r"\(1000000000, 3\), 12000000000 bytes, but",
        ),
        (make_npy(shape="(99999999999999999999999999,)"), "bytes, but 24 bytes follow"),
        (make_npy(shape="(-2, -3)"), r"its shape is \(-2, -3\)"),
        (make_npy(shape="(True, 6)"), "its shape is"),
        (make_npy(shape="6"), "its shape is 6"),
        (make_npy(shape="(1,) * 9"), "malformed"),
        (make_npy(shape=f"({'1, ' * 40})"), "its shape is"),
        (make_npy("'<U0'", "(1000000000,)", b""), "neither real numbers nor text"),
        (make_npy("'|V0'", "(1000000000,)", b""), "neither real numbers nor text"),
        (make_npy("'|O'"), "neither real numbers nor text"),
        (make_npy("[('a', '<f4'), ('b', '|O')]"), "neither real numbers nor text"),
        (make_npy("'(1000000,)f4'"), "neither real numbers nor text"),
        (make_npy("'<c8'", "(3,)"), "neither real numbers nor text"),
        (make_npy("'<M8[s]'", "(3,)"), "neither real numbers nor text"),
        (make_npy("'nonsense'"), "data type 'nonsense' not understood"),
        (make_npy("'<U1'", "(6,)", b"\xff" * 24), "its text is not Unicode"),
        (make_npy("'>U1'", "(6,)", b"\xff" * 24), "its text is not Unicode"),
        (make_npy(header="(" * 5000), "parenthes"),
        (make_npy(header="-" * 9000 + "1"), ""),
        (make_npy(header="{'descr': 'unfinished"), "unterminated"),
        (make_npy(header="[]"), "indices must be integers"),
        (make_npy(header=" " * 60_000), "header has 60000 bytes, more than 10000"),
        (make_npy(header=" " * 100_000, major=2), "header has 100000 bytes"),
        (make_npy(major=9), ""),
        (make_npy(content=bytes(25)), "24 bytes, but 25 bytes follow"),
        (b"\x93NUMPY", "EOF"),
        (b"\x80\x04}\x94(K\x01K\x02u.", "magic string is not correct"),  # a pickle
    ],
)
def test_headers_that_lie_take_no_memory(tmp_path, small_memory, content, got):
    file = tmp_path / "faces.npy"
    file.write_bytes(content)

    with pytest.raises(DatasetError, match=rf"whole NumPy file .*cannot read: .*{got}"):
        read_arrays(file)
    file.write_bytes(make_npz(("faces.npy", content)))
    with pytest.raises(DatasetError, match=r"whole NumPy file .*faces\.npy"):
        read_arrays(file)


def test_archives_that_lie_take_no_memory(tmp_path, small_memory):
    zeros = make_npy("'|u1'", "(3000000000,)", b"")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("a.npy", "w", force_zip64=True) as part:
            part.write(zeros)
            for _ in range(60):
                part.write(bytes(5_000_000))
    whole = bytearray(make_npz(("a.npy", make_npy())))
    directory = whole.rindex(b"PK\x01\x02")
    whole[directory + 20 : directory + 28] = struct.pack("<II", 2**31, 2**31)
    encrypted = bytearray(make_npz(("a.npy", make_npy())))
    encrypted[encrypted.rindex(b"PK\x01\x02") + 8] |= 1
    flipped = bytearray(make_npz(("a.npy", make_npy())))
    flipped[flipped.index(bytes(24))] ^= 1
    many = make_npz(*((f"{n}.npy", b"") for n in range(1_001)))
    for content, got in (
        (stream.getvalue(), "its arrays are compressed"),
        (bytes(whole), "its arrays are larger than the file"),
        (bytes(encrypted), "its arrays are compressed or encrypted"),
        (bytes(flipped), "Bad CRC-32"),
        (many, "it has 1001 arrays"),
        (make_npz(("a.npy", make_npy()), ("a", make_npy())), "2 arrays of 1 names"),
        (make_npz(("a.npy", b"text")), "magic string|EOF"),
        (b"PK\x05\x06" + b"\xff" * 18, "cannot read"),
    ):
        file = tmp_path / "features.npz"
        file.write_bytes(content)
        with pytest.raises(DatasetError, match=rf"whole NumPy file .*{got}"):
            read_arrays(file)


def test_several_arrays_are_refused_where_one_is_wanted(tmp_path):
    file = tmp_path / "X_train.npy"
    file.write_bytes(make_npz(("a.npy", make_npy()), ("b.npy", make_npy())))

    with pytest.raises(DatasetError, match=r"one array in .*X_train\.npy, got an .npz"):
        read_array(file)


def test_arrays_in_fortran_order_come_back(tmp_path):
    file = tmp_path / "faces.npy"
    faces = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.save(file, faces)

    np.testing.assert_array_equal(read_arrays(file), faces)


@pytest.mark.parametrize("array", [np.array(""), np.zeros((0, 3)), np.array(["李"])])
def test_small_and_empty_arrays_come_back(tmp_path, array):
    file = tmp_path / "array.npy"
    np.save(file, array)

    np.testing.assert_array_equal(read_arrays(file), array)

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz import seeds
from tests.fuzz.binary_formats import mask_crc
from tests.fuzz.mutate import EDITS, MAX_BYTES, mutate
from tests.fuzz.pickle_format import split_pickles
from tests.fuzz.protobuf_format import parse, serialize
from tests.fuzz.zip_format import read_zip, write_zip

PLAIN = {
    "bytes": seeds.make_texts,
    "csv": seeds.make_tables,
    "dlib": seeds.make_dlib,
    "jpg": seeds.make_jpgs,
    "json": seeds.make_jsons,
    "npy": seeds.make_npys,
    "pgm": seeds.make_pgms,
    "pickles": seeds.make_torch_pickles,
    "record": lambda: seeds.make_artifact_records(b""),
    "yaml": lambda: [b"seed: 1\nruns:\n  max_wait: 0\n"],
    "zip": seeds.make_npzs,
    "bundle": seeds.make_raw_faces,
}


@pytest.mark.parametrize("kind", PLAIN)
def test_each_format_changes_in_many_ways(kind):
    whole = PLAIN[kind]()[0]

    changed = [mutate(whole, kind, Random(n)) for n in range(60)]

    assert changed == [mutate(whole, kind, Random(n)) for n in range(60)]  # repeatable
    assert len({*changed} - {whole}) > 20
    assert max(map(len, changed)) <= MAX_BYTES


@pytest.mark.parametrize("kind", PLAIN)
def test_the_edits_of_a_format_apply_to_its_whole_files(kind):
    for whole in PLAIN[kind]():
        for number in range(30):
            EDITS[kind](whole, Random(number))


@pytest.mark.parametrize("kind", EDITS)
@settings(deadline=None)
@given(st.binary(max_size=50), st.integers(0, 99))
def test_bytes_of_no_format_are_changed_too(kind, data, number):
    assert isinstance(mutate(data, kind, Random(number)), bytes)


def test_protocol_buffers_are_taken_apart_and_put_together():
    message = b"\x08\x96\x01\x12\x07testing\x1d\x00\x00\x80\x3f"  # 150, text, 1.0

    fields = parse(message)

    assert fields == [(1, 0, 150), (2, 2, b"testing"), (3, 5, b"\x00\x00\x80\x3f")]
    assert serialize(fields) == message
    with pytest.raises(ValueError, match="ends inside a field"):
        parse(b"\x12\x07test")


def test_pickles_are_cut_into_opcodes():
    assert split_pickles(b"K\x07.(t.rest") == [
        b"K\x07",
        b".",
        b"(",
        b"t",
        b".",
        b"rest",
    ]


def test_zips_are_taken_apart_and_put_together():
    files = [("a", b"1"), ("b/c", b"2"), ("a", b"3")]  # one name twice
    names = [name for name, _ in read_zip(write_zip(files, 8))]
    assert names == ["a", "b/c", "a"]


def test_crc_of_tfrecords():
    # RFC 3720, B.4: the CRC-32C of 32 zeros is 8a9136aa; then TensorFlow's mask.
    crc = 0x8A9136AA
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32
    assert mask_crc(bytes(32)) == masked


def test_whole_arrays_are_whole():
    import io

    for content in seeds.make_npys():
        assert np.load(io.BytesIO(content), allow_pickle=False).ndim in {1, 3}

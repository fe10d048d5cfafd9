import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from lfw17_kedro.encoders import zip_members
from lfw17_kedro.encoders.zip_members import read_members

CONTENT = b"weights " * 1000


def make_zip(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def read_all(data, max_bytes=100_000):
    return read_members(data, lambda name: True, max_bytes)


def state_other_size(data, size):
    """State another expanded size of the only member, in both of its headers."""
    for signature, position in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(signature) + position
        data = data[:at] + struct.pack("<I", size) + data[at + 4 :]
    return data


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_wanted_members_are_read(method):
    data = make_zip([("a.pb", CONTENT), ("b.meta", b"x" * 200_000)], method)

    found = read_members(data, lambda name: name.endswith(".pb"), len(CONTENT))

    assert found == {"a.pb": CONTENT}


def test_members_without_a_name_are_refused():
    data = make_zip([("a", CONTENT), ("Q", CONTENT)], zipfile.ZIP_STORED)

    with pytest.raises(ValueError, match="a member without a name"):
        read_all(data.replace(b"Q", b"\0"))  # names end there


def test_members_beyond_the_limit_are_not_expanded():
    data = make_zip([("a", bytes(90_000)), ("b", bytes(90_000))])
    with pytest.raises(ValueError, match="expand to 180000 bytes, more than 100000"):
        read_all(data)


def test_bomb_that_states_a_small_size_is_cut_off():
    bomb = state_other_size(make_zip([("a", bytes(50_000_000))]), 1_000)
    tracemalloc.start()

    with pytest.raises(ValueError, match="damaged or unknown zip .Bad CRC-32"):
        read_all(bomb)

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_member_shorter_than_stated_is_refused():
    data = state_other_size(make_zip([("a", CONTENT)]), 9_000)
    with pytest.raises(ValueError, match="member .a. has 8000 bytes, not 9000"):
        read_all(data)


def test_many_members_are_refused_before_they_are_listed(monkeypatch):
    monkeypatch.setattr(zip_members, "MAX_MEMBERS", 3)
    members = [(str(i), b"") for i in range(4)]
    assert len(read_all(make_zip(members[:3]))) == 3
    with pytest.raises(ValueError, match="more than 3 members"):
        read_all(make_zip(members))


def test_two_members_of_one_name_are_refused(recwarn):
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = make_zip([("a", b"1"), ("a", b"2")])
    with pytest.raises(ValueError, match="two members of one name"):
        read_all(data)


def test_other_compressions_are_refused():
    data = make_zip([("a", CONTENT)], zipfile.ZIP_LZMA)
    with pytest.raises(ValueError, match="another method than deflate"):
        read_all(data)


def test_every_damage_is_a_value_error():
    data = make_zip([("a", CONTENT), ("b", b"second")])
    rng = np.random.default_rng(0)
    kept = 0
    for _ in range(2_000):
        damaged = bytearray(data)
        for position in rng.integers(0, len(data), 3):
            damaged[position] = rng.integers(256)
        try:
            read_all(bytes(damaged))
            kept += 1
        except ValueError:
            continue
    assert kept < 1_000
    for size in range(len(data)):
        with pytest.raises(ValueError, match="damaged or unknown zip"):
            read_all(data[:size])

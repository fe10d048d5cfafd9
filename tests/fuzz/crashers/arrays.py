"""Arrays, features and classifiers that once crashed, grew or ran something."""

import os
import pickle
import struct
from typing import Any

import numpy as np
from tests.fuzz import seeds
from tests.fuzz.crashers.parts import (
    BOMB,
    DEEP,
    Crashers,
    RunOnLoad,
    make_zips,
    write_bomb,
)
from tests.fuzz.zip_format import read_zip, write_zip


def make_npys() -> Crashers:
    """Headers that lie, do not parse or are too deep."""

    def npy(header: str, version: int = 1) -> bytes:
        raw = header.encode("latin-1")
        form = "<H" if version == 1 else "<I"
        head = b"\x93NUMPY" + bytes([version, 0]) + struct.pack(form, len(raw))
        return head + raw + bytes(16)

    def lie(descr: Any, *shape: Any) -> bytes:
        entries = {"descr": descr, "fortran_order": False, "shape": shape}
        return npy(repr(entries) + "\n")

    return {
        "shape": lie("<f4", 2**47),
        "shape-google": lie("<f4", 10**30),
        "shape-negative": lie("<f4", -1, 5),
        "shape-true": lie("<f4", True),
        "shape-many": lie("<f4", *[1] * 70),
        "wide": lie("|V1000000000", 40),
        "text": lie("<U1000000000"),
        "objects": lie("|O", 2),
        "structure": lie([("a", "|V2000000000")], 1),
        "long-descr": lie("i" * 5000, 1),
        "deep": npy("[" * 3000),
        "open": npy("("),
        "syntax": npy("{'descr': }"),
        "long": npy(" " * 12000),
        "pickle": b"\x93NUMPY\x01\x00\x46\x00"
        + pickle.dumps(RunOnLoad(os.system, "x")),
        "only-pickle": pickle.dumps(RunOnLoad(os.system, "touch ran"), 0),
    }


def make_npzs() -> Crashers:
    """Arrays that expand, and archives that do not open."""
    header = (
        b"\x93NUMPY\x01\x00\x76\x00"
        + repr({"descr": "|u1", "fortran_order": False, "shape": (BOMB,)})
        .encode()
        .ljust(117)
        + b"\n"
    )
    crashers = make_zips(seeds.make_npzs()[0])
    return (
        crashers
        | {"bomb": write_bomb("a.npy", header, [])}
        | {
            f"npy-{name}": write_zip([("a.npy", content)])
            for name, content in make_npys().items()
        }
    )


def make_features() -> Crashers:
    """The same for features, and arrays of other names, types and lengths."""
    files = dict(read_zip(seeds.make_features()[0]))
    ids, vectors = files["ids.npy"], files["array_vectors.npy"]
    return {
        "no-ids": write_zip([("array_vectors.npy", vectors)]),
        "vectors-as-ids": write_zip([*{**files, "ids.npy": vectors}.items()]),
        "ids-as-fingerprint": write_zip([*{**files, "fingerprint.npy": ids}.items()]),
        "one-array": vectors,
        "bomb": make_npzs()["bomb"],
    }


def make_classifiers() -> Crashers:
    """Pickles in place of arrays, and cards of other shapes."""
    files = dict(read_zip(seeds.make_classifiers()[0]))

    def swap(card: str) -> bytes:
        content = seeds.save_array(np.array(card))
        return write_zip([*{**files, "card.npy": content}.items()])

    command = RunOnLoad(os.system, "touch ran")
    return {
        "pickle": pickle.dumps(command),
        "npy-pickle": write_zip([("card.npy", make_npys()["pickle"])]),
        "card-deep": swap("[" * DEEP),
        "card-list": swap("[]"),
        "card-digits": swap("9" * 5000),
        "card-kind": swap('{"multi_class": []}'),
        "no-card": write_zip([(n, c) for n, c in files.items() if n != "card.npy"]),
        "bomb": make_npzs()["bomb"],
    }

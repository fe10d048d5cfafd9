"""Make the inputs that once crashed, hung, grew or ran something.

`python -m tests.fuzz.past_crashers` writes them to tests/fuzz/corpus. Other files of
the corpus, with a hash as their name, were found by fuzzing.
"""

import io
import json
import os
import pickle
import struct
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from tests.fuzz import seeds
from tests.fuzz.binary_formats import mask_crc
from tests.fuzz.pickle_format import split_pickles
from tests.fuzz.protobuf_format import BYTES, VARINT, serialize
from tests.fuzz.readers import CONTENT, READERS
from tests.fuzz.text_formats import seal_record
from tests.fuzz.zip_format import read_zip, write_zip
from tests.stand_ins.torch_files import (
    FloatStorage,
    Storage,
    Tensor,
    write_five_pickles,
)
from tests.stand_ins.torch_files import write_zip as write_torch_zip

Crashers = dict[str, bytes]  # name -> input
DEEP = 6000  # deeper than Python's own limit
BOMB = 1536 << 20  # bytes that a bomb expands to
CORPUS = Path(__file__).parent / "corpus"


class RunOnLoad:
    """Pickles as the call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def make_dlib() -> Crashers:
    """A hang by negative sizes, numbers that do not fit, a file that ends early."""
    two = b"\x01\x02"

    def sizes(*raw: bytes) -> bytes:
        return b"con_4" + two + b"".join(raw)

    negative = b"\x81\x05"
    return {
        "negative": sizes(negative, b"\x01\x01", b"\x01\x01", b"\x01\x01") + bytes(40),
        "negative-twice": sizes(negative, negative, b"\x01\x01", b"\x01\x01") * 3,
        "overflow": sizes(*[b"\x0f" + b"\xff" * 15] * 4),
        "zero": sizes(*[b"\x01\x00"] * 4) * 100,
        "ends-in-integer": b"fc_2\x08\x01",
    }


def make_torch_pickles() -> Crashers:
    """Memory by the memo, calls, numbers and depth."""
    good = seeds.make_torch_pickles()[0]
    opcodes = split_pickles(good)
    magic = b"".join(opcodes[: opcodes.index(b".") + 1])
    floats = Storage("0", FloatStorage, np.arange(8, dtype="<f4"))

    def state(**tensors: Tensor) -> bytes:
        return write_five_pickles(OrderedDict(tensors), [floats])

    small = Tensor(floats, 0, (8,), (1,))
    return {
        "memo": b"\x80\x02}"
        + b"".join(b"r" + struct.pack("<I", 1 << n) for n in range(1, 30))
        + b".",
        "memo-once": b"\x80\x02Nr\xff\xff\xff\x7f.",
        "os-system": write_five_pickles({"w": RunOnLoad(os.system, "touch ran")}, []),
        "eval": write_five_pickles({"w": RunOnLoad(eval, "1")}, []),
        "loads": write_five_pickles({"w": RunOnLoad(pickle.loads, b"N.")}, []),
        "deep": magic + b"\x80\x02" + b"]" + b"\x85" * 8000 + b".",
        "long": b"\x80\x02\x8b\xff\xff\xff\x7f.",
        "digits": b"I" + b"9" * 5000 + b"\n.",
        "stride-0": state(w=Tensor(floats, 0, (2**20, 2**20), (0, 0))),
        "many-views": state(**{f"w{n}": small for n in range(100)}),
        "float-line": b"F1e\n999\n.",
    }


def make_torch_zips() -> Crashers:
    """The same in a zip, and members that expand."""
    floats = Storage("0", FloatStorage, np.arange(8, dtype="<f4"))
    good = read_zip(write_torch_zip({"w": Tensor(floats, 0, (8,), (1,))}, [floats]))
    other = [(n, c) for n, c in good if not n.endswith("data/0")]
    return {
        "os-system": write_torch_zip({"w": RunOnLoad(os.system, "touch ran")}, []),
        "bomb": write_bomb("archive/data/0", b"", other),
        "bomb-pickle": write_bomb("archive/data.pkl", b"\x80\x02N", []),
        "double": write_zip([*good, *good]),
        "memo": write_zip([("archive/data.pkl", b"\x80\x02Nr\xff\xff\xff\x7f.")]),
        "no-member": write_zip(other),
    }


def write_bomb(name: str, start: bytes, files: list[tuple[str, bytes]]) -> bytes:
    """Make a zip with a member that expands to `BOMB` bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for other, content in files:
            archive.writestr(zipfile.ZipInfo(other), content)
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_BZIP2  # a thousandth of deflate's size
        with archive.open(info, "w", force_zip64=True) as member:
            member.write(start)
            for _ in range(BOMB >> 24):
                member.write(bytes(1 << 24))
    return file.getvalue()


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


def _edit_zip(data: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite a field of the first central header, and the same of the local one."""
    central = data.index(b"PK\x01\x02") + offset
    data = data[:central] + value + data[central + len(value) :]
    local = offset - 2
    return data[:local] + value + data[local + len(value) :]


def make_zips(good: bytes) -> Crashers:
    """What zipfile refuses with errors of every type."""
    return {
        "encrypted": _edit_zip(good, 8, b"\x01\x00"),
        "patched": _edit_zip(good, 8, b"\x20\x00"),
        "method": _edit_zip(good, 10, b"\x63\x00"),
        "version": _edit_zip(good, 6, b"\xff\x00"),
        "deflate": _edit_zip(good, 10, b"\x08\x00"),
        "bzip2": _edit_zip(good, 10, b"\x0c\x00"),
        "lzma": _edit_zip(good, 10, b"\x0e\x00"),
        "cut": good[: len(good) // 2],
        "html": b"<!DOCTYPE html><title>Not found</title>",
        "empty": b"",
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


def make_facenet_zips() -> Crashers:
    """Archives that do not open, and a graph that expands."""
    return make_zips(seeds.make_facenet_zips()[0]) | {
        "bomb": write_bomb("a/model.pb", b"", []),
        "two-graphs": write_zip([("a.pb", b""), ("b.pb", b"")]),
    }


def make_graphs() -> Crashers:
    """Graphs that write files, run in circles or lie about sizes."""

    def node(name: str, op: str, *inputs: str, **attr: bytes) -> bytes:
        fields = [(1, BYTES, name.encode()), (2, BYTES, op.encode())]
        fields += [(3, BYTES, one.encode()) for one in inputs]
        fields += [
            (5, BYTES, serialize([(1, BYTES, k.encode()), (2, BYTES, v)]))
            for k, v in attr.items()
        ]
        return serialize([(1, BYTES, serialize(fields))])

    def constant(dtype: int, content: bytes, *shape: int) -> bytes:
        sizes = [(2, BYTES, serialize([(1, VARINT, n % 2**64)])) for n in shape]
        tensor = [(1, VARINT, dtype), (2, BYTES, serialize(sizes)), (4, BYTES, content)]
        value = serialize([(8, BYTES, serialize(tensor))])
        name = "InceptionResnetV1/Conv2d_1a_3x3/weights"
        return node(name, "Const", value=value)

    ends = node("input", "Placeholder") + node("phase_train", "Placeholder")
    return {
        "write-file": ends + node("embeddings", "WriteFile", "input", "phase_train"),
        "circle": ends + node("embeddings", "Identity", "a") + node("a", "Add", "a"),
        "deep": serialize([(1, BYTES, b"\x2a\x02" * 2000)]),
        "shape": ends + constant(1, b"", 2**40, 2**20) + node("embeddings", "NoOp"),
        "shape-negative": constant(1, bytes(8), -1, 2),
        "shape-many": constant(1, bytes(4), *[1] * 300),
        "short": constant(1, bytes(4), 3, 3, 3, 32),
        "text": constant(7, b"\xff", 1),
        "double": ends * 2,
        "not-utf8": node("embeddings", "Const") + b"\x0a\x05\x0a\x03\xff\xfe\xfd",
        "html": b"<!DOCTYPE html><title>Not found</title>",
        "empty": b"",
    }


def make_photos() -> Crashers:
    """Sizes in the header that take gigabytes, and other formats."""
    grey = seeds.make_jpgs()[0]
    frame = grey.index(b"\xff\xc0") + 5

    def resize(height: int, width: int) -> bytes:
        head = struct.pack(">HH", height, width)
        return grey[:frame] + head + grey[frame + 4 :]

    return {
        "bomb": resize(65500, 65500),
        "large": resize(13000, 13000),
        "zero": resize(0, 0),
        "cut": grey[: len(grey) // 2],
        "gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "empty": b"",
    }


def make_records() -> Crashers:
    """A length that TensorFlow crashes on, and counts of other shapes."""
    files = dict(read_zip(seeds.make_records()[0]))
    shard = next(name for name in files if name.endswith("00000-of-00002.tfrecord"))

    def swap(name: str, content: bytes) -> bytes:
        return write_zip([*{**files, name: content}.items()])

    def claim(size: int) -> bytes:
        raw = struct.pack("<Q", size)
        return swap(shard, raw + struct.pack("<I", mask_crc(raw)) + files[shard][12:])

    def count(value: Any) -> bytes:
        return swap("counts.json", json.dumps(value).encode())

    return {
        **{f"length-2-{n}": claim(2**n - (n == 64)) for n in (31, 32, 40, 63, 64)},
        "counts-list": count([]),
        "counts-text": count({"train": "shard"}),
        "counts-nested": count({"train": {shard: []}}),
        "counts-fraction": count({"train": {shard: 1.5}}),
        "counts-large": count({"train": {shard: 2**70}}),
        "counts-negative": count({"train": {shard: -3}}),
        "counts-outside": count({"train": {"../../../etc/passwd": 1}}),
        "counts-absolute": count({"train": {"/dev/zero": 1}}),
        "counts-folder": count({"train": {".": 1}}),
        "counts-line": count({"train": {"\n": 1}}),
        "counts-long": count({"train": {"a" * 5000: 1}}),
        "counts-deep": swap("counts.json", b"[" * DEEP),
        "counts-binary": swap("counts.json", b"\xff" * 2500),
        "empty-shard": swap(shard, b""),
    }


def make_keras() -> Crashers:
    """Code inside a model, and archives that do not open."""
    good = seeds.make_keras()[0]
    files = dict(read_zip(good))

    def swap(**contents: bytes) -> bytes:
        return write_zip([*{**files, **contents}.items()])

    def call(module: str, name: str) -> bytes:
        config = {
            "module": module,
            "class_name": name,
            "config": {"command": "touch ran"},
        }
        config |= {"registered_name": None}
        return swap(**{"config.json": json.dumps(config).encode()})

    weights = files["model.weights.h5"]
    zips = make_zips(good)
    return {name: zips[name] for name in ("encrypted", "method", "cut", "empty")} | {
        "os-system": call("os", "system"),
        "subprocess": call("subprocess", "Popen"),
        "lambda": _save_lambda(),
        "config-deep": swap(**{"config.json": b"[" * DEEP}),
        "config-list": swap(**{"config.json": b"[]"}),
        "config-binary": swap(**{"config.json": b"\xff" * 2500}),
        "weights-cut": swap(**{"model.weights.h5": weights[:2000]}),
        "weights-text": swap(**{"model.weights.h5": b"text"}),
        "no-weights": write_zip([("config.json", files["config.json"])]),
    }


def _save_lambda() -> bytes:
    """Save a model with a function of its own inside."""
    import keras

    faces = keras.Input((4, 4, 3))
    model = keras.Model(faces, keras.layers.Lambda(lambda x: x + 1)(faces))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def make_encoders() -> Crashers:
    """A SavedModel that writes a file, and damaged ones."""
    import tensorflow as tf

    files = dict(read_zip(seeds.make_encoders()[0]))

    class Writer(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 4, 4, 3), tf.uint8)])
        def serve(self, faces: Any) -> Any:
            tf.io.write_file("ran", "x")
            return tf.cast(faces[:, 0, 0], tf.float32)

    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(Writer(), folder)
        made = dict(read_zip(seeds.pack_folder(Path(folder))))

    def swap(name: str, content: bytes) -> bytes:
        return write_zip([*{**files, name: content}.items()])

    return {
        "write-file": write_zip(
            [*made.items(), ("encoder.json", files["encoder.json"])]
        ),
        "graph-empty": swap("saved_model.pb", b""),
        "graph-text": swap("saved_model.pb", b"\xff" * 100),
        "index-cut": swap("variables/variables.index", b"\x00" * 60),
        "data-cut": swap("variables/variables.data-00000-of-00001", b""),
        "card-deep": swap("encoder.json", b"[" * DEEP),
        "card-binary": swap("encoder.json", b"\xff" * 2500),
    }


def make_texts() -> Crashers:
    """What no JSON is, or too deep or too long."""
    return {
        "deep": b"[" * DEEP,
        "binary": b"\xff" * 2500,
        "digits": b"9" * 5000,
        "surrogate": b'"\\ud800"',
        "nan": b"NaN",
        "list": b"[]",
        "number": b"3",
        "empty": b"",
    }


def make_artifact_records() -> Crashers:
    """Records of other types, with a checksum that fits."""
    [version, _] = json.loads(seeds.make_artifact_records(CONTENT)[0])["versions"]
    changes: dict[str, Any] = {
        "hash-number": {"sha256": 1.5},
        "hash-line": {"sha256": "\n"},
        "hash-surrogate": {"sha256": "\ud800"},
        "files": {"files": {"../../etc/passwd\n": "x"}},
        "origin-empty": {"origin": {}},
        "origin-other": {"origin": {"fingerprint": "f" * 64, "data": None}},
        "command": {"command": "rm -r .\n", "sha256": "1" * 64},
        "command-long": {"command": "kedro run " + "a" * 9000, "sha256": "1" * 64},
    }
    return make_texts() | {n: seal_record([version | c]) for n, c in changes.items()}


def make_run_records() -> Crashers:
    """Records of other shapes."""
    good = json.loads(seeds.make_run_records()[0])
    return make_texts() | {
        "no-runs": json.dumps({"nodes": good["nodes"]}).encode(),
        "runs-list": json.dumps(good | {"runs": []}).encode(),
        "other-run": json.dumps(good | {"runs": {}}).encode(),
        "key-surrogate": json.dumps({"nodes": {"\ud800": 3}, "runs": {}}).encode(),
    }


def make_tables() -> Crashers:
    """Tables that hold nothing, or a column for each byte."""
    return {
        "empty": b"",
        "wide": b"," * 4000 + b"\n" + b"," * 4000,
        "quote": b'id,person\n"1,2',
        "nul": b"id\x00,a\n\x00,1",
        "binary": b"\xff\xfe,\n",
        "ragged": b"id,a\n1,2,3,4\n",
    }


def make_parameters() -> Crashers:
    """YAML that calls, refers to nothing or is too deep."""
    return {
        "os-system": b"seed: !!python/object/apply:os.system ['touch ran']\n",
        "interpolation": b"seed: ${runtime_params:x}\n",
        "interpolation-open": b"seed: ${a\n",
        "interpolation-self": b"seed: ${seed}\n",
        "deep": b"seed: " + b"[" * 2000 + b"\n",
        "alias": b"a: &a [x, x]\nb: &b [*a, *a]\nseed: [*b, *b]\n",
        "list": b"- 1\n",
        "binary": b"\xff" * 100,
        "digits": b"seed: " + b"9" * 5000 + b"\n",
        "two": b"seed: 1\n---\nseed: 2\n",
    }


MAKERS = {
    "dlib_weights": make_dlib,
    "torch_pickles": make_torch_pickles,
    "torch_zip": make_torch_zips,
    "frozen_graph": make_graphs,
    "classifier": make_classifiers,
    "facenet_zip": make_facenet_zips,
    "npy": make_npys,
    "npz": make_npzs,
    "features": make_features,
    "photo": make_photos,
    "tfrecords": make_records,
    "keras_model": make_keras,
    "encoder": make_encoders,
    "encoder_card": make_texts,
    "artifact_record": make_artifact_records,
    "lock_note": make_texts,
    "run_record": make_run_records,
    "tables": make_tables,
    "json": make_texts,
    "figures": make_texts,
    "parameters": make_parameters,
}


def main() -> None:
    """Write all of them."""
    for reader, make in MAKERS.items():
        folder = CORPUS / reader
        folder.mkdir(parents=True, exist_ok=True)
        is_bundle = READERS[reader].kind == "bundle"
        for name, content in make().items():
            smaller = write_zip(read_zip(content), 8) if is_bundle else content
            (folder / f"{name}.bin").write_bytes(smaller)


if __name__ == "__main__":
    main()

"""Whole files of each format, small, from which all changes start."""

import hashlib
import io
import json
import struct
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from tests.fuzz.text_formats import seal_record
from tests.fuzz.zip_format import write_zip
from tests.stand_ins.corrections_csv import write_corrections
from tests.stand_ins.torch_files import (
    FloatStorage,
    LongStorage,
    Storage,
    Tensor,
    write_five_pickles,
)
from tests.stand_ins.torch_files import (
    write_zip as write_torch_zip,
)

Seeds = list[bytes]
FINGERPRINT = "f" * 64  # of a training


def pack_folder(folder: Path) -> bytes:
    """Pack a folder into a zip, to be one input."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return write_zip([(str(f.relative_to(folder)), f.read_bytes()) for f in files])


def make_dlib() -> Seeds:
    """Make three layers as dlib writes them."""

    def tensor(tag: bytes, *sizes: int) -> bytes:
        head = b"".join(
            bytes([n]) + size.to_bytes(n, "little")
            for size in sizes
            if (n := (size.bit_length() + 7) // 8) is not None
        )
        values = np.arange(np.prod(sizes[-4:]), dtype="<f4")
        return bytes([len(tag)]) + tag + head + values.tobytes()

    layers = tensor(b"con_4", 2, 40, 1, 1, 1), tensor(b"affine_", 2, 1, 16, 1, 1)
    return [b"\x01\x01".join([*layers, tensor(b"fc_2", 4, 3, 2, 3, 4, 1, 1)])]


def make_torch(write: Any) -> Seeds:
    """Make a state dict of three tensors in two storages."""
    floats = Storage("0", FloatStorage, np.arange(8, dtype="<f4"))
    counts = Storage("1", LongStorage, np.array([7], "<i8"))
    state = OrderedDict(
        kernel=Tensor(floats, 1, (2, 3), (1, 2)),
        bias=Tensor(floats, 6, (2,), (1,)),
        count=Tensor(counts, 0, (), ()),
    )
    return [write(state, [floats, counts])]


def make_torch_pickles() -> Seeds:
    """Make a file of PyTorch before 1.6."""
    return make_torch(write_five_pickles)


def make_torch_zips() -> Seeds:
    """Make a file of PyTorch since 1.6."""
    return make_torch(write_torch_zip)


def make_graph() -> bytes:
    """Make a GraphDef with the names of FaceNet's first constants."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    values = {
        "InceptionResnetV1/Conv2d_1a_3x3/weights": rng.normal(size=(3, 3, 3, 4)),
        "InceptionResnetV1/Conv2d_1a_3x3/BatchNorm/beta": rng.normal(size=4),
        "InceptionResnetV1/Conv2d_1a_3x3/BatchNorm/moving_mean": np.zeros(4),
        "InceptionResnetV1/Conv2d_1a_3x3/BatchNorm/moving_variance": np.ones(4),
        "InceptionResnetV1/Bottleneck/weights": rng.normal(size=(4, 512)),
    }
    graph = tf.compat.v1.GraphDef()
    for name, op in (("input", "Placeholder"), ("phase_train", "Placeholder")):
        graph.node.add(name=name, op=op)
    for name, value in values.items():
        node = graph.node.add(name=name, op="Const")
        node.attr["dtype"].type = tf.float32.as_datatype_enum
        tensor = tf.make_tensor_proto(value.astype(np.float32))
        node.attr["value"].tensor.CopyFrom(tensor)
        graph.node.add(name=f"{name}/read", op="Identity", input=[name])
    reads = [f"{name}/read" for name in values]
    graph.node.add(name="embeddings", op="AddN", input=["input", "phase_train", *reads])
    return graph.SerializeToString()


def make_graphs() -> Seeds:
    """Make a frozen graph."""
    return [make_graph()]


def make_facenet_zips() -> Seeds:
    """Make a zip as FaceNet is published."""
    graph = b"\x0a\x05input" * 20
    files = [("20180402-114759/model.pb", graph), ("20180402-114759/x.index", b"x")]
    return [write_zip(files), write_zip(files, 8)]


def save_array(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def make_npys() -> Seeds:
    """Make arrays of the kinds that we store."""
    arrays = np.zeros((2, 5, 4), np.float32), np.arange(3), np.array(["a", "ßb"])
    return [save_array(array) for array in arrays]


def _save_arrays(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def make_npzs() -> Seeds:
    """Make .npz files, one of them packed."""
    arrays = {"a": np.zeros((2, 3), np.float32), "b": np.array("text")}
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return [_save_arrays(**arrays), packed.getvalue()]


def make_features() -> Seeds:
    """Make a file of Features."""
    vectors = np.eye(2, dtype=np.float32)
    ids = np.array(["s1/000000", "s1/000001"])
    return [_save_arrays(ids=ids, fingerprint=np.array("eye"), array_vectors=vectors)]


def make_classifiers() -> Seeds:
    """Make an SVM of two people in two dimensions, of either kind."""
    from lfw17_kedro.datasets import ClassifierDataset
    from lfw17_kedro.face_classifier import FaceClassifier, OneVsOne, OneVsRest

    names, encoder = ("Ann", "Bob"), "e"
    zero, two = np.zeros(1), np.arange(2)
    svms = (
        OneVsRest(np.ones((1, 2)), zero),
        OneVsOne(np.eye(2), np.ones(2, np.int64), np.ones((1, 2)), zero),
    )
    seeds = []
    with tempfile.TemporaryDirectory() as folder:
        for svm in svms:
            fitted = FaceClassifier(svm, zero - 1, zero, two, encoder, names, 9)
            path = Path(folder) / "classifier.npz"
            ClassifierDataset(filepath=str(path)).save(fitted)
            seeds.append(path.read_bytes())
    return seeds


def make_raw_faces() -> Seeds:
    """Make the competition's four arrays, of images of 3 x 2 pixels."""
    images = np.arange(24, dtype=np.float32).reshape(4, 6)
    labels = np.array([0, 1, 0, 1])
    files = {"X_train": images, "y_train": labels, "X_test": images, "y_test": labels}
    return [write_zip([(f"{n}.npy", save_array(a)) for n, a in files.items()])]


def make_jpgs() -> Seeds:
    """Make a grey, a coloured and a progressive photo."""
    from PIL import Image

    grey = np.arange(20 * 16, dtype=np.uint16).reshape(20, 16).astype(np.uint8)
    seeds = []
    for pixels, options in (
        (grey, {}),
        (np.stack([grey] * 3, axis=-1), {}),
        (grey, {"progressive": True}),
    ):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", **options)
        seeds.append(file.getvalue())
    return seeds


def make_photos() -> Seeds:
    """Make a photo of each format that users have, some of further kinds."""
    from PIL import Image
    from tests.stand_ins.encoded_photos import FORMATS, HEIC

    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 4), np.uint8)
    colour, clear = (Image.fromarray(pixels[..., :n]) for n in (3, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds = [(kind, colour, {}) for kind in FORMATS]
    kinds += [(kind, colour, {"exif": exif}) for kind in ("JPEG", "PNG", "TIFF")]
    kinds += [(kind, clear, {}) for kind in ("PNG", "TIFF", "WEBP", "AVIF")]
    kinds += [("PNG", colour.quantize(16), {"transparency": 0})]
    kinds += [("TIFF", colour, {"compression": name}) for name in ("jpeg", "tiff_lzw")]
    kinds += [
        ("TIFF", colour.convert("I;16"), {}),
        ("JPEG", colour.convert("CMYK"), {}),
    ]
    frames = {"save_all": True, "append_images": [colour.rotate(90)]}
    kinds += [(kind, colour, frames) for kind in ("GIF", "WEBP", "PNG", "AVIF")]
    seeds = [HEIC]
    for kind, photo, options in kinds:
        file = io.BytesIO()
        photo.save(file, kind, **options)
        seeds.append(file.getvalue())
    return seeds


def make_scan_parts() -> Seeds:
    """Make a part of scans: a photo of two faces, one of none."""
    from tests.stores.scanned_photos import make_scanned

    from lfw17_kedro.stores.scan_store import ScanStore

    with tempfile.TemporaryDirectory() as folder:
        photos = make_scanned("a", 2, 4), make_scanned("b", 0, 4)
        ScanStore(Path(folder), "f", 4).add(photos)
        return [pack_folder(part) for part in Path(folder, "f").iterdir()]


def make_galleries() -> Seeds:
    """Make a gallery of two people, and an empty one."""
    from tests.stores.test_gallery_files import make_gallery

    from lfw17_kedro.stores.gallery_files import write_gallery

    seeds = []
    with tempfile.TemporaryDirectory() as folder:
        for name, photos in (("two", {"Ann": 2, "Bob": 1}), ("none", {})):
            write_gallery(make_gallery(photos), Path(folder, name))
            seeds.append(pack_folder(Path(folder, name)))
    return seeds


def make_corrections() -> Seeds:
    """Make corrections as the album writes them, and as a spreadsheet does."""
    from lfw17_kedro.people.corrections_file import Correction

    face_id = f"{'0' * 16}_1_2_30_40"
    listed = [
        Correction("is", "Zoë", face_id, enrol=True),
        Correction("is_not", "Bob", photo="a/b.jpg", box=(1, 2, 30, 40)),
        Correction("ignore", photo="c.jpg", box=(1.5, 2, 30, 40)),
    ]
    content = write_corrections(listed)
    return [content, b"\xef\xbb\xbf" + content.replace(b",", b";"), b""]


def make_pgms() -> Seeds:
    """Make a photo as ORL's."""
    return [b"P5\n6 8\n255\n" + bytes(range(48))]


def make_records() -> Seeds:
    """Make a folder of TFRecords."""
    from lfw17_kedro.datasets import TFRecordDataset
    from lfw17_kedro.types import Record

    jpg = make_jpgs()[0]
    records = [Record(f"s1/{n}", jpg, 20, 16, n) for n in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records"
        TFRecordDataset(filepath=str(path), shards=2).save({"train": records})
        return [pack_folder(path)]


def _make_network() -> Any:
    import keras
    from keras import layers as kl

    faces = keras.Input((4, 4, 3), dtype="uint8", name="faces")
    x = kl.Conv2D(2, 3)(kl.Rescaling(1 / 255)(faces))
    x = kl.GlobalAveragePooling2D()(kl.ReLU()(kl.BatchNormalization()(x)))
    return keras.Model(faces, kl.UnitNormalization()(kl.Dense(3)(x)))


def make_keras() -> Seeds:
    """Make a .keras file of a small network."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        _make_network().save(path)
        return [path.read_bytes()]


def make_encoders() -> Seeds:
    """Make the folder of a small encoder."""
    from lfw17_kedro.datasets import EncoderDataset
    from lfw17_kedro.types import Encoder, EncoderCard

    card = EncoderCard("tiny", "similarity", 4, 3, "CC0-1.0", "0" * 64)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "encoder"
        EncoderDataset(filepath=str(path)).save(Encoder(card, _make_network()))
        return [pack_folder(path)]


def make_cards() -> Seeds:
    """Make the card of an encoder."""
    template = [[46.8, 46.0], [102.5, 45.8], [73.0, 79.6], [51.8, 109.8], [98.3, 109.8]]
    card = {"name": "a", "alignment": "similarity", "size": 150, "dimension": 128}
    card |= {"licence": "CC0-1.0", "weights_sha256": "0" * 64, "template": template}
    card |= {"margin": None, "standardisation": None}
    return [json.dumps(card).encode()]


def make_artifact_records(content: bytes) -> Seeds:
    """Make the record beside a file of that content."""
    origin = {"node": "n", "parameters": {"seed": 1}, "inputs": {"a": "b" * 64}}
    origin |= {"code": "c" * 64, "options": {}, "data": {}, "fingerprint": "f" * 64}
    version = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    version |= {"rows": 1, "files": None, "origin": origin, "command": "kedro run"}
    versions = [version, version | {"sha256": "1" * 64}]
    return [seal_record(versions)]


def make_run_records() -> Seeds:
    """Make a run record of one node and one run."""
    node = {"run": "1", "started": "2026-01-01 10:00:00 UTC", "finished": "2026"}
    node |= {"seconds": 1.0, "peak_memory_mb": None, "tags": [], "parameters": {}}
    node |= {"inputs": {"a": None}, "outputs": ["b"], "fingerprint": "f", "data": {}}
    run = {"started": "2026", "finished": None, "env": None, "command": "kedro run"}
    run |= {"runtime_parameters": {}, "parameters": {"seed": 1}, "data": {"r": "a"}}
    return [json.dumps({"nodes": {"n": node}, "runs": {"1": run}}).encode()]


def make_notes() -> Seeds:
    """Make the note of a lock's holder."""
    note = {"pid": 1, "host": "other", "started": "2026", "command": "kedro run"}
    return [json.dumps(note).encode()]


def make_variables() -> list[Any]:
    """Make the variables of a training."""
    return [np.ones((2, 3), np.float32), np.array(3)]


def make_checkpoints() -> Seeds:
    """Make a checkpoint of two variables."""
    from lfw17_kedro.training.checkpoint_file import Checkpoint, save_checkpoint

    checkpoint = Checkpoint(FINGERPRINT, [{"loss": 0.5}], make_variables())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.npz"
        save_checkpoint(path, checkpoint)
        return [path.read_bytes()]


def make_tables() -> Seeds:
    """Make tables as the catalog's."""
    return [
        b"id,person,label,original,copy,fold\n000,Ann L,0,000,0,-1\n001,B,1,001,0,0\n",
        b"id,found,confidence,left,top\n000,True,0.99,1.5,2\n001,False,,,\n",
        b"ImageId,PredictedClass\n1,0\n2,1\n",
        b"network,epoch,loss,accuracy\n0,0,1.25,0.5\n0,1,0.75,0.625\n",
    ]


def make_jsons() -> Seeds:
    """Make JSON files as the catalog's."""
    metrics = {"test": {"accuracy": 0.5, "confusion": [[1, 0], [0, 1]]}, "a": {}}
    return [b'["Ann Lee", "Bob"]', json.dumps(metrics).encode(), b"{}"]


def make_figures() -> Seeds:
    """Make a figure as Plotly writes it."""
    import plotly.graph_objects as go

    figure = go.Figure(go.Scatter(x=[1, 2], y=[3.0, 4.0], name="a"))
    return [figure.to_json().encode()]


def make_texts() -> Seeds:
    """Make a page."""
    return ["<html>é</html>\r\n".encode(), struct.pack("<I", 7)]

import json
import re

import pytest
from kedro.io import DatasetError

from lfw17_kedro.datasets import TFRecordDataset
from lfw17_kedro.types import Record

RECORDS = [
    Record(f"Ann/{k:02d}", bytes([k]) * 9, 346, 256, k % 3 - 1) for k in range(12)
]


@pytest.fixture
def dataset(tmp_path):
    dataset = TFRecordDataset(filepath=str(tmp_path / "records"), shards=5)
    dataset.save({"train": iter(RECORDS[:9]), "test": RECORDS[9:]})
    return dataset


def test_records_come_back_by_split(dataset):
    splits = dataset.load()

    assert len(splits["train"]) == 9
    assert sorted(splits["train"]) == RECORDS[:9]
    assert sorted(splits["train"]) == RECORDS[:9]  # a second reading
    assert sorted(splits["test"]) == RECORDS[9:]


def test_plain_tensorflow_reads_the_standard_features(dataset, tmp_path):
    import tensorflow as tf

    files = sorted(str(p) for p in (tmp_path / "records").glob("train-*.tfrecord"))
    features = {
        "image/encoded": tf.io.FixedLenFeature([], tf.string),
        "image/format": tf.io.FixedLenFeature([], tf.string),
        "image/filename": tf.io.FixedLenFeature([], tf.string),
        "image/height": tf.io.FixedLenFeature([], tf.int64),
        "image/width": tf.io.FixedLenFeature([], tf.int64),
        "image/class/label": tf.io.FixedLenFeature([], tf.int64),
    }

    parsed = [
        tf.io.parse_single_example(raw, features)
        for raw in tf.data.TFRecordDataset(files)
    ]

    assert len(files) == 5
    assert files[0].endswith("train-00000-of-00005.tfrecord")
    assert {p["image/format"].numpy() for p in parsed} == {b"jpeg"}
    found = sorted(
        Record(
            p["image/filename"].numpy().decode(),
            p["image/encoded"].numpy(),
            int(p["image/height"]),
            int(p["image/width"]),
            int(p["image/class/label"]),
        )
        for p in parsed
    )
    assert found == RECORDS[:9]


def test_same_records_give_the_same_bytes(dataset, tmp_path):
    again = TFRecordDataset(filepath=str(tmp_path / "again"), shards=5)
    again.save({"train": RECORDS[:9], "test": RECORDS[9:]})

    files = sorted((tmp_path / "records").iterdir())
    assert len(files) == 2 * 5 + 1
    for file in files:
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_map_entries_lie_in_the_order_of_their_keys(dataset, tmp_path):
    shard = tmp_path / "records" / "train-00000-of-00005.tfrecord"
    content = shard.read_bytes()[
        : 12 + int.from_bytes(shard.read_bytes()[:8], "little")
    ]
    keys = re.findall(rb"image/[a-z]+(?:/[a-z]+)?", content)

    assert keys == [
        b"image/class/label",
        b"image/encoded",
        b"image/filename",
        b"image/format",
        b"image/height",
        b"image/width",
    ]


def read_all(dataset):
    return list(dataset.load()["train"])


@pytest.mark.parametrize("size", [0, 1, 10, 60, -1])
def test_truncated_shard_is_named(dataset, tmp_path, size):
    shard = tmp_path / "records" / "train-00001-of-00005.tfrecord"
    shard.write_bytes(shard.read_bytes()[:size])

    with pytest.raises(DatasetError, match=r"2 whole .* in .*train-00001-of-00005\.tf"):
        read_all(dataset)


def test_shard_cut_between_two_records_is_named(dataset, tmp_path):
    shard = tmp_path / "records" / "train-00001-of-00005.tfrecord"
    whole = shard.read_bytes()
    length = int.from_bytes(whole[:8], "little")  # of the first record, then 16 more
    shard.write_bytes(whole[: length + 16])

    with pytest.raises(DatasetError, match=r"train-00001-.*it ends after 1"):
        read_all(dataset)


def test_corrupt_or_missing_shard_is_named(dataset, tmp_path):
    shard = tmp_path / "records" / "train-00002-of-00005.tfrecord"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 255
    shard.write_bytes(content)
    with pytest.raises(DatasetError, match=r"train-00002-.*cannot be read"):
        read_all(dataset)

    shard.unlink()
    with pytest.raises(DatasetError, match=r"train-00002-.*cannot be read"):
        read_all(dataset)


def test_record_that_is_no_photo_is_named(dataset, tmp_path):
    import tensorflow as tf

    shard = tmp_path / "records" / "train-00000-of-00005.tfrecord"
    with tf.io.TFRecordWriter(str(shard)) as writer:
        writer.write(tf.train.Example().SerializeToString())

    with pytest.raises(DatasetError, match=r"train-00000-.*record 0 cannot be read"):
        read_all(dataset)


@pytest.mark.parametrize("content", [b"\xff" * 20, b"no protocol buffer", b"\x0a\xff"])
def test_bytes_that_are_no_example_are_named(dataset, tmp_path, content):
    import tensorflow as tf

    shard = tmp_path / "records" / "train-00000-of-00005.tfrecord"
    with tf.io.TFRecordWriter(str(shard)) as writer:
        writer.write(content)

    with pytest.raises(DatasetError, match=r"train-00000-.*record 0 cannot be read"):
        read_all(dataset)


@pytest.mark.parametrize("length", [2**20, 2**40, 2**63, 2**64 - 1])
def test_lengths_beyond_the_file_take_no_memory(dataset, tmp_path, length):
    shard = tmp_path / "records" / "train-00003-of-00005.tfrecord"
    head = length.to_bytes(8, "little")
    shard.write_bytes(head + mask_checksum(crc32c(head)) + b"x" * 100)

    with pytest.raises(DatasetError, match=rf"its length is {length} bytes, and 112 f"):
        read_all(dataset)


def crc32c(data):
    """The checksum of TFRecords, bit by bit (RFC 3720, appendix B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def mask_checksum(crc):
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return masked.to_bytes(4, "little")


@pytest.mark.parametrize(
    ("splits", "got"),
    [
        ([], "splits as list"),
        ("train", "splits as str"),
        ({"train": ["a.tfrecord"]}, "shards of 'train' that are no numbers"),
        ({"train": {"/etc/passwd": 1}}, "in a shard '/etc/passwd' of 'train'"),
        (
            {"train": {"../train-00000-of-00005.tfrecord": 1}},
            "1 records in a shard '../train-0",
        ),
        ({"train": {"train-00000-of-00005.tfrecord": -1}}, "-1 records in a shard"),
        ({"train": {"train-00000-of-00005.tfrecord": "2"}}, "'2' records in a shard"),
        ({"train": {"train-00000-of-00005.tfrecord": True}}, "True records in a shard"),
        ({"train": {"train-00000-of-00005.tfrecord": 1.5}}, "1.5 records in a shard"),
    ],
)
def test_other_counts_are_named(dataset, tmp_path, splits, got):
    (tmp_path / "records/counts.json").write_text(json.dumps(splits))

    with pytest.raises(
        DatasetError, match=f"TFRecord files and their counts.json in .*, got: .*{got}"
    ):
        dataset.load()


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff"])
def test_damaged_counts_are_named(dataset, tmp_path, text):
    (tmp_path / "records/counts.json").write_text(text, encoding="latin1")

    with pytest.raises(DatasetError, match=r"TFRecord files and their counts.json"):
        dataset.load()


def test_missing_folder_says_what_to_run(tmp_path):
    with pytest.raises(DatasetError, match="run the pipeline that writes them again"):
        TFRecordDataset(filepath=str(tmp_path / "records")).load()

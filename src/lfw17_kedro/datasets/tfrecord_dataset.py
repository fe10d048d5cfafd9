"""Photos in TFRecord files, with the feature names of TensorFlow's own image sets."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.files.atomic import remove
from lfw17_kedro.messages import one_line
from lfw17_kedro.types import Record

SHARD = re.compile(r"\w{1,64}-\d{5}-of-\d{5}\.tfrecord")
MAX_RECORDS = 1_000_000_000  # in a shard
FRAME = 12, 4  # bytes of a record's length with its checksum, and of its content's
COUNTS = "counts.json"  # shard -> records; a file cut between two records reads well


@dataclass(frozen=True)
class RecordStream:
    """The records of one split, read again from its shards at each iteration."""

    folder: Path
    counts: Mapping[str, int]

    def __len__(self) -> int:
        """Count the records."""
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[Record]:
        """Read the records, shard after shard."""
        for shard, count in self.counts.items():
            yield from _read_shard(self.folder / shard, count)


class TFRecordDataset(
    AbstractDataset[Mapping[str, Iterable[Record]], dict[str, RecordStream]]
):
    """Records by split, each split in `shards` files.

    `<split>-00000-of-00005.tfrecord` holds `tf.train.Example`s with image/encoded
    (jpg), image/format, image/height, image/width, image/class/label and
    image/filename; any program reads them with `tf.data.TFRecordDataset`. Record i goes
    to shard i modulo `shards`; the same records give the same bytes. Loads
    split -> records, streamed.
    """

    def __init__(
        self,
        *,
        filepath: str,
        shards: int = 5,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._shards = shards
        self.metadata = metadata

    def load(self) -> dict[str, RecordStream]:
        try:
            text = (self._filepath / COUNTS).read_text(encoding="utf-8")
            splits = _check_counts(json.loads(text))
        except (OSError, ValueError, RecursionError) as error:
            raise DatasetError(
                f"expected TFRecord files and their {COUNTS} in {self._filepath}, got: "
                f"{one_line(error)}; run the pipeline that writes them again."
            ) from error
        return {
            split: RecordStream(self._filepath, counts)
            for split, counts in splits.items()
        }

    def save(self, data: Mapping[str, Iterable[Record]]) -> None:
        remove(self._filepath)
        self._filepath.mkdir(parents=True)
        counts = {
            split: self._write_split(self._filepath, split, records)
            for split, records in data.items()
        }
        text = json.dumps(counts, indent=2) + "\n"
        (self._filepath / COUNTS).write_text(text, encoding="utf-8")

    def _write_split(
        self, folder: Path, split: str, records: Iterable[Record]
    ) -> dict[str, int]:
        """Write one split; gives how many records each shard has."""
        import tensorflow as tf

        names = [
            f"{split}-{shard:05d}-of-{self._shards:05d}.tfrecord"
            for shard in range(self._shards)
        ]
        counts = dict.fromkeys(names, 0)
        with ExitStack() as stack:
            writers = [
                stack.enter_context(tf.io.TFRecordWriter(str(folder / name)))
                for name in names
            ]
            for index, record in enumerate(records):
                shard = index % self._shards
                example = _to_example(record)
                # Protocol buffers leave the order of a map's entries open.
                writers[shard].write(example.SerializeToString(deterministic=True))
                counts[names[shard]] += 1
        return counts

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "shards": self._shards}

    def _exists(self) -> bool:
        return (self._filepath / COUNTS).is_file()


def _check_counts(splits: Any) -> dict[str, dict[str, int]]:
    """Check the numbers of records by split and shard, which name files to read.

    Raises:
        ValueError: another shape, or a shard that is no file of the folder.
    """
    if not isinstance(splits, dict):
        raise ValueError(f"splits as {type(splits).__name__}, not by their names")
    for split, counts in splits.items():
        if not isinstance(counts, dict):
            raise ValueError(f"shards of {split!r} that are no numbers of records")
        for shard, count in counts.items():
            if (
                not SHARD.fullmatch(shard)
                or type(count) is not int
                or not 0 <= count <= MAX_RECORDS
            ):
                raise ValueError(f"{count!r} records in a shard {shard!r} of {split!r}")
    return splits


def _to_example(record: Record) -> Any:
    """Lay a record out under the standard feature names."""
    import tensorflow as tf

    def of_bytes(value: bytes) -> Any:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    def of_int(value: int) -> Any:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    features = {
        "image/encoded": of_bytes(record.jpg),
        "image/format": of_bytes(b"jpeg"),
        "image/filename": of_bytes(record.photo_id.encode()),
        "image/height": of_int(record.height),
        "image/width": of_int(record.width),
        "image/class/label": of_int(record.label),
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


def _read_shard(shard: Path, count: int) -> Iterator[Record]:
    """Read one shard, naming it if it is damaged."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    read = 0
    try:
        _check_lengths(shard)
        for raw in tf.data.TFRecordDataset(str(shard)):
            features = tf.train.Example.FromString(raw.numpy()).features.feature
            yield Record(
                photo_id=features["image/filename"].bytes_list.value[0].decode(),
                jpg=features["image/encoded"].bytes_list.value[0],
                height=features["image/height"].int64_list.value[0],
                width=features["image/width"].int64_list.value[0],
                label=features["image/class/label"].int64_list.value[0],
            )
            read += 1
        problem = None if read == count else f"it ends after {read}"
    except (tf.errors.OpError, DecodeError, ValueError, IndexError, OSError) as error:
        problem = f"record {read} cannot be read ({one_line(error)})"
    if problem:
        raise DatasetError(
            f"expected {count} whole records in {shard}, got a damaged shard: "
            f"{problem}; run the pipeline that writes the records again."
        )


def _check_lengths(shard: Path) -> None:
    """Check that the records fit into the file: TensorFlow takes memory, then reads.

    Raises:
        ValueError: a record is longer than the rest of the file.
        OSError: the file cannot be read.

    Source: https://www.tensorflow.org/tutorials/load_data/tfrecord
    """
    size, (head, tail) = shard.stat().st_size, FRAME
    with shard.open("rb") as file:
        while (start := file.tell()) < size:
            length = int.from_bytes(file.read(head)[:8], "little")
            if start + head + length + tail > size:
                raise ValueError(
                    f"its length is {length} bytes, and {size - start} follow"
                )
            file.seek(length + tail, os.SEEK_CUR)

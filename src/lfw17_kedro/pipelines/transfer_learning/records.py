"""TFRecords: jpg photos with their labels, and the images that come out of them."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from PIL import Image
from tqdm import tqdm

from lfw17_kedro.photos.decoding import decode_photo, measure_photo
from lfw17_kedro.types import U8, Photos, Record, Table


def make_records(photos: Photos, table: Table) -> Iterator[Record]:
    """Give the record of each row; only the head of a jpg is read for its size.

    Args:
        photos: jpg photos, opened when asked for.
        table: with the columns `id` and `label`.
    """
    for photo_id, label in zip(table["id"], table["label"], strict=True):
        jpg = photos.read_bytes(photo_id)
        height, width = measure_photo(jpg, photo_id)
        yield Record(photo_id, jpg, height, width, int(label))


def decode_records(
    records: Iterable[Record], photo_ids: Sequence[str], height: int, width: int
) -> U8:
    """Decode records to one size.

    Args:
        records: of these photos, in any order.
        photo_ids: N ids, the order wanted.
        height: of the images, pixels.
        width: of the images, pixels.

    Returns:
        (N, height, width, 3) uint8 RGB, bicubic.

    Raises:
        ValueError: a record is missing or of another photo, or its jpg is none.
    """
    rows = {photo_id: row for row, photo_id in enumerate(photo_ids)}
    images = np.empty((len(rows), height, width, 3), np.uint8)
    for record in tqdm(records, "read records", len(rows), unit="photo"):
        row = rows.pop(record.photo_id, None)
        if row is None:
            raise ValueError(
                f"expected each photo of the table once, got a record of "
                f"{record.photo_id!r} too many; run write_records again."
            )
        photo = Image.fromarray(decode_photo(record.jpg, record.photo_id))
        resized = photo.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
        images[row] = np.asarray(resized)
    if rows:
        raise ValueError(
            f"expected a record of each photo of the table, got none of {len(rows)} "
            f"(for example {next(iter(rows))!r}); run write_records again."
        )
    return images

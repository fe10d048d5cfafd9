"""The features of `transfer_learning`: photos -> records -> views -> their averages."""

from collections.abc import Iterable, Mapping

import numpy as np

from lfw17_kedro.faces.align import resize_faces
from lfw17_kedro.faces.ids import check_ids, check_rows
from lfw17_kedro.pipelines.modelling.settings import NetworkCounts
from lfw17_kedro.pipelines.transfer_learning.records import decode_records, make_records
from lfw17_kedro.pipelines.transfer_learning.settings import Backbones
from lfw17_kedro.types import F32, U8, Features, Network, Photos, Record, Table

FEATURE_BATCH = 64  # images; bounds memory, nothing else
POOLED = "_pooled"  # after the name of a view: its features, averaged over each image


def write_records(
    train_photos: Photos, train_table: Table, test_photos: Photos, test_table: Table
) -> dict[str, Iterable[Record]]:
    """Convert jpg photos to records of the splits train and test, as in the tables.

    Raises:
        ValueError: the photos are not those of the tables.
    """
    check_ids(list(train_photos), train_table, "training photos")
    check_ids(list(test_photos), test_table, "test photos")
    return {
        "train": make_records(train_photos, train_table),
        "test": make_records(test_photos, test_table),
    }


def make_train_features(
    records: Mapping[str, Iterable[Record]],
    aligned: U8,
    table: Table,
    networks: NetworkCounts,
    name: str,
    backbones: Backbones,
    backbone: Network,
) -> Features:
    """Decode the training photos and compute the features of the frozen backbone.

    Args:
        records: of `write_records`.
        aligned: (N, S, S) uint8 aligned faces, row i described by the table's row i.
        table: describes the training photos.
        networks: how many see which view.
        name: of the chosen backbone.
        backbones: the settings of each.
        backbone: of `build_backbone`.

    Returns:
        Features with two arrays for each view that is seen: the images, (N, height,
        width, 3) uint8 RGB, as `original` or `aligned`, and the features of the frozen
        backbone, averaged over each image, (N, D) float32, with `_pooled` after it.

    Raises:
        ValueError: records or faces are not those of the table.
    """
    from lfw17_kedro.pipelines.transfer_learning.networks import resize_backbone

    features = _make_views(records["train"], aligned, table, networks, name, backbones)
    pooled = {
        f"{view}{POOLED}": pool_features(
            resize_backbone(backbone, *images.shape[1:3]), images
        )
        for view, images in features.arrays.items()
    }
    return Features(features.ids, features.arrays | pooled, features.fingerprint)


def make_test_features(
    records: Mapping[str, Iterable[Record]],
    aligned: U8,
    table: Table,
    networks: NetworkCounts,
    name: str,
    backbones: Backbones,
) -> Features:
    """Decode the test photos; see `make_train_features`, but without its features."""
    return _make_views(records["test"], aligned, table, networks, name, backbones)


def _make_views(
    records: Iterable[Record],
    aligned: U8,
    table: Table,
    networks: NetworkCounts,
    name: str,
    backbones: Backbones,
) -> Features:
    """Give the views that are seen at the backbone's sizes, in the table's order."""
    check_rows(aligned=aligned, table=table)
    chosen = getattr(backbones, name)
    ids = table["id"].to_numpy(np.str_)
    arrays = {}
    if networks.original:
        size = chosen.height, chosen.width
        arrays["original"] = decode_records(records, list(ids), *size)
    if networks.aligned:
        faces = resize_faces(aligned, chosen.aligned_size)
        arrays["aligned"] = np.repeat(faces[..., None], 3, axis=3)
    sizes = [f"{view} {one.shape[1]}x{one.shape[2]}" for view, one in arrays.items()]
    return Features(ids, arrays, f"{name} {', '.join(sizes)}")


def pool_features(backbone: Network, images: U8) -> F32:
    """Average the backbone's features over each image.

    Args:
        backbone: of `build_backbone`.
        images: (N, height, width, 3) uint8 RGB.

    Returns:
        (N, D) float32.
    """
    from tqdm import tqdm

    pooled = []
    with tqdm(total=len(images), desc="frozen features", unit="photo") as progress:
        for start in range(0, len(images), FEATURE_BATCH):
            batch = images[start : start + FEATURE_BATCH]
            pooled.append(backbone.predict(batch, verbose=0).mean(axis=(1, 2)))
            progress.update(len(batch))
    return np.concatenate(pooled).astype(np.float32)

"""Find all faces of a collection of photos, a shard at a time, by an engine."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lfw17_kedro.compute.engines import LOCAL, make_pool
from lfw17_kedro.compute.scan_shard import Networks, ShardScan, describe_software
from lfw17_kedro.compute.settings import ComputeSettings
from lfw17_kedro.compute.shards import Shard, plan_shards
from lfw17_kedro.compute.tasks import Attempt, run_tasks
from lfw17_kedro.messages import count_noun
from lfw17_kedro.photo_types import PhotoFile, PhotoFolder
from lfw17_kedro.scan_types import Scanned
from lfw17_kedro.stores.scan_store import ScanStore
from lfw17_kedro.threads import count_cores

if TYPE_CHECKING:
    from tqdm import tqdm

logger = logging.getLogger(__name__)

NOT_TRIED = "not tried, because shard after shard failed"
ELSEWHERE = (
    "its worker has kept what it found where this run does not find it: give every "
    "worker the same folder of scans"
)


class FailedShard(NamedTuple):
    """Photos that were not searched.

    Attributes:
        photos: of the shard.
        reason: why the last attempt failed.
    """

    photos: Shard
    reason: str


class CollectionResult(NamedTuple):
    """The outcome of a search: the photos of a collection that were not searched.

    Attributes:
        gone: photos whose files could not be read, each with its problem.
        failed: shards that were given up.
    """

    gone: list[Scanned]
    failed: list[FailedShard]


def list_contents(folder: PhotoFolder) -> list[PhotoFile]:
    """List the photos that can be read, each content once, by its first path."""
    first: dict[str, PhotoFile] = {}
    for file in folder:
        if not file.problem:
            first.setdefault(file.sha256, file)
    return list(first.values())


def search_collection(
    photos: Sequence[PhotoFile],
    store: ScanStore,
    scan: ShardScan,
    build: Callable[[], Networks],
    compute: ComputeSettings,
    *,
    name: str,
) -> CollectionResult:
    """Find and embed every face of the photos that the store does not know.

    Args:
        photos: each content once.
        store: knows what was found before.
        scan: of one shard, without networks.
        build: gives the networks of this process. Only the local engine needs them, if
            there is anything to do.
        compute: by which engine, in shards of what size.
        name: of the photos, for the log.

    Raises:
        StopError: the disk is full, or the cluster is gone. What was finished is kept.
        OSError: the store cannot be written to.
    """
    from tqdm import tqdm

    shards = plan_shards(photos, store.is_known, compute.shard_size)
    new = sum(map(len, shards))
    count = count_noun(len(photos), "photo")
    logger.info("%s: %s, %d of them new", name, count, new)
    if not shards:
        return CollectionResult([], [])
    store.prepare()
    engine = compute.engine
    if len(shards) == 1 and engine != LOCAL:
        logger.info("%s: one shard, done here before others could begin", name)
        engine = LOCAL
    workers = min(compute.workers or count_cores(), len(shards))
    if engine != LOCAL:
        logger.info("%s: %s, each loads its networks first", name, engine)
    with tqdm(desc=name, total=new, unit="photo") as bar:
        if engine == LOCAL:
            scan = replace(scan, networks=build(), on_photo=bar.update)
        else:
            scan = replace(scan, software=describe_software())
        pool = make_pool(scan, engine, workers, compute.address)
        try:
            result = _collect(run_tasks(pool, shards), shards, bar)
        finally:
            pool.close()
    return result._replace(failed=result.failed + _find_lost(shards, result, store))


def _collect(
    attempts: Iterator[Attempt], shards: Sequence[Shard], bar: "tqdm[Any]"
) -> CollectionResult:
    """Put together what comes of the shards, and show how far they are."""
    gone: list[Scanned] = []
    failed: list[FailedShard] = []
    ended: set[int] = set()
    n_photos = 0
    for attempt in attempts:
        number, shard = attempt.task
        ended.add(number)
        if attempt.error:
            failed.append(FailedShard(shard, attempt.error))
            photos = count_noun(len(shard), "photo")
            logger.warning("A shard of %s failed: %s", photos, attempt.error)
        else:
            gone += attempt.result
        n_photos += len(shard)
        bar.n = n_photos  # photo by photo it may have counted a shard twice
        bar.set_postfix_str(f"shard {len(ended)} of {len(shards)}")
    not_tried = (shard for n, shard in enumerate(shards) if n not in ended)
    return CollectionResult(
        gone, failed + [FailedShard(one, NOT_TRIED) for one in not_tried]
    )


def _find_lost(
    shards: Sequence[Shard], result: CollectionResult, store: ScanStore
) -> list[FailedShard]:
    """List shards that somebody has searched, but that the store does not know."""
    hashes = [one.sha256 for shard in shards for one in shard]
    settled = set(np.array(hashes)[store.is_known(hashes)].tolist())
    settled |= {one.sha256 for one in result.gone}
    settled |= {photo.sha256 for one in result.failed for photo in one.photos}
    rests = (tuple(one for one in s if one.sha256 not in settled) for s in shards)
    return [FailedShard(rest, ELSEWHERE) for rest in rests if rest]

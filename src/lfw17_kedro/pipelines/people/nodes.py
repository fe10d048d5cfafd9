"""What `enrol` and `identify` share: the encoder and the search for faces."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lfw17_kedro.compute.settings import ComputeSettings
from lfw17_kedro.encoders import registry
from lfw17_kedro.messages import count_noun
from lfw17_kedro.people.corrections_file import MAX_LISTED, Unmatched
from lfw17_kedro.people.names import spell_path
from lfw17_kedro.people.pictures import LostScansError
from lfw17_kedro.photo_types import FAILED_COLUMNS, PhotoFolder
from lfw17_kedro.pipelines.encoder_settings import EncoderOptionSettings
from lfw17_kedro.pipelines.people.settings import SearchSettings
from lfw17_kedro.scan_types import PHOTO_COLUMNS, Scan, Scanned, StoredScan
from lfw17_kedro.stores.scan_store import OpenStore
from lfw17_kedro.types import Encoder, ReadWeights, Table

if TYPE_CHECKING:
    from lfw17_kedro.compute.scan_collection import FailedShard

COMMAND = "kedro run --env people"  # enrols and names

logger = logging.getLogger(__name__)


def build_encoder(
    name: str, options: EncoderOptionSettings, read_weights: ReadWeights
) -> Encoder:
    """Build the encoder, see `registry.build_encoder`; it lives in memory."""
    built = registry.build_encoder(name, read_weights, options.to_options())
    return registry.compile_encoder(built)


def find_all_faces(
    folder: PhotoFolder,
    open_store: OpenStore,
    encoder: Encoder,
    options: EncoderOptionSettings,
    read_weights: ReadWeights,
    search: SearchSettings,
    compute: ComputeSettings,
    *,
    name: str,
) -> tuple[StoredScan, Table]:
    """Find and embed every face of a folder of photos that was not searched before.

    What is found is kept by the photos' content, shard by shard: another run, also
    after one that was killed, searches only what is new.

    Args:
        folder: the photos.
        open_store: opens what was found before, and adds to it.
        encoder: embeds.
        options: of the encoder, for other processes that build it.
        read_weights: reads its weights there.
        search: how.
        compute: where.
        name: of the folder, for the log.

    Returns:
        What the photos show, also those that cannot be read, each content once; and
        the photos that were not searched because their shards failed, `FAILED_COLUMNS`.

    Raises:
        OSError: the disk is full, or the cluster is gone. What was finished is kept.
    """
    from lfw17_kedro.compute.scan_collection import list_contents, search_collection
    from lfw17_kedro.compute.scan_shard import (
        NetworkRecipe,
        Networks,
        ShardScan,
        fingerprint_scan,
    )
    from lfw17_kedro.compute.tasks import StopError
    from lfw17_kedro.encoders.mtcnn import build_detector

    settings = search.to_scan_settings()
    recipe = NetworkRecipe(
        encoder.card.name,
        options.to_options()._replace(precision=encoder.card.precision),
        search.thresholds,
        search.min_face_size,
    )
    fingerprint = fingerprint_scan(encoder, recipe, settings)
    store = open_store(fingerprint, encoder.card.dimension)
    scan = ShardScan(
        folder.reader,
        open_store,
        settings,
        fingerprint,
        recipe,
        read_weights,
    )

    def build() -> Networks:
        detector = build_detector(search.thresholds, search.min_face_size)
        return Networks(detector, encoder)

    photos = list_contents(folder)
    try:
        searched = search_collection(photos, store, scan, build, compute, name=name)
    except StopError as error:
        raise OSError(str(error)) from error
    problems = [*searched.gone, *_mark_failed(searched.failed)]
    missing = {one.sha256 for one in problems}
    found = store.open(one.sha256 for one in photos if one.sha256 not in missing)
    gone = frozenset(one.sha256 for one in searched.gone)
    found = replace(_add_problems(found, problems), gone=gone)
    return found, _tabulate_failed(searched.failed)


def find_faces_to_enrol(folder: PhotoFolder, *inputs: Any, name: str) -> Scan:
    """Find and embed every face of a folder, all of them in memory.

    Args: see `find_all_faces`.

    Raises:
        OSError: some shards failed, some files could be listed but not read, or see
            `find_all_faces`.
    """
    scan, failed = find_all_faces(folder, *inputs, name=name)
    if len(failed):
        raise OSError(
            f"{name}: expected all photos to be searched, got {len(failed)} that were "
            f"not, {failed['photo'][0]} first: {failed['reason'][0]}; run again."
        )
    if gone := [file for file in folder if file.sha256 in scan.gone]:
        problems = scan.photos.set_index("sha256")["problem"]
        raise OSError(
            f"{name}: expected all photos to be searched, got {len(gone)} that could "
            f"not be read, {gone[0].path} first: {problems[gone[0].sha256]}; run "
            "again, or take them out of the folder."
        )
    return scan.load()


def warn_of_corrections(unmatched: Sequence[Unmatched]) -> None:
    """Log why lines of corrections.csv change nothing, the first few one by one."""
    for one in unmatched[:MAX_LISTED]:
        line = one.correction.line
        logger.warning("corrections.csv, line %d: %s", line, one.reason)
    if (more := len(unmatched) - MAX_LISTED) > 0:
        lines = count_noun(more, "more line")
        logger.warning("corrections.csv: %s without effect.", lines)


@contextmanager
def advise_on_lost_scans() -> Iterator[None]:
    """Say what to run where the store has lost the scan of a photo that was enrolled.

    Raises:
        ValueError: in the place of a `LostScansError`.
    """
    try:
        yield
    except LostScansError as error:
        raise ValueError(
            f"{error}: data/04_feature was deleted or damaged; run `{COMMAND}`, "
            "with the --params of the last run, to search them again."
        ) from error


def _mark_failed(failed: "Sequence[FailedShard]") -> list[Scanned]:
    """Give the photos of shards that failed a problem each."""
    return [
        Scanned(photo.sha256, f"not searched: {shard.reason}; run again", True)
        for shard in failed
        for photo in shard.photos
    ]


def _tabulate_failed(failed: "Sequence[FailedShard]") -> Table:
    """List the photos of shards that failed."""
    import pandas as pd

    rows = [
        (number, spell_path(photo.path), shard.reason)
        for number, shard in enumerate(failed, 1)
        for photo in shard.photos
    ]
    return pd.DataFrame(rows, columns=[*FAILED_COLUMNS])


def _add_problems(scan: StoredScan, problems: list[Scanned]) -> StoredScan:
    """Add photos that could not be read."""
    if not problems:
        return scan
    import pandas as pd

    rows = [[getattr(one, name) for name in PHOTO_COLUMNS] for one in problems]
    added = pd.DataFrame(rows, columns=[*PHOTO_COLUMNS])
    photos = pd.concat([scan.photos, added], ignore_index=True)
    return replace(scan, photos=photos)

"""What `enrol` and `identify` share: the encoder and the search for faces."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from lfw17_kedro.encoders import registry
from lfw17_kedro.people.corrections_file import MAX_LISTED
from lfw17_kedro.people_types import PHOTO_COLUMNS, PhotoFolder, Scan, Scanned
from lfw17_kedro.pipelines.encoder_settings import EncoderOptionSettings
from lfw17_kedro.pipelines.people.settings import SearchSettings
from lfw17_kedro.stores.scan_store import OpenStore
from lfw17_kedro.types import Encoder, EncoderOptions, ReadWeights

if TYPE_CHECKING:
    from lfw17_kedro.people.scan import ScanSettings

logger = logging.getLogger(__name__)

PART = 200  # photos that are written together: so many a killed run may lose


def build_encoder(
    name: str, options: EncoderOptionSettings, read_weights: ReadWeights
) -> Encoder:
    """Build the encoder, see `registry.build_encoder`; it lives in memory."""
    chosen = EncoderOptions(**options.model_dump())
    return registry.compile_encoder(registry.build_encoder(name, read_weights, chosen))


def find_all_faces(
    folder: PhotoFolder,
    open_store: OpenStore,
    encoder: Encoder,
    search: SearchSettings,
    *,
    name: str,
) -> Scan:
    """Find and embed every face of a folder of photos that was not searched before.

    What is found is kept by the photos' content, part by part: another run, also after
    one that was killed, searches only what is new.

    Args:
        folder: the photos.
        open_store: opens what was found before, and adds to it.
        encoder: embeds.
        search: how.
        name: of the folder, for the log.

    Returns:
        What the photos show, also those that cannot be read, each content once.
    """
    from tqdm import tqdm

    from lfw17_kedro.encoders.mtcnn import build_detector, describe_detector
    from lfw17_kedro.people.scan import scan_photos

    settings = _choose_settings(search)
    detector = describe_detector(search.thresholds, search.min_face_size)
    fingerprint = settings.fingerprint(encoder.card, detector)
    store = open_store(fingerprint, encoder.card.dimension)

    readable: dict[str, str] = {}
    for file in folder:
        if not file.problem:  # messages name the first path, as left_out.csv does
            readable.setdefault(file.sha256, file.path)
    known = store.list_known()
    new = [(one, path) for one, path in readable.items() if one not in known]
    logger.info("%s: %d photos, %d of them new", name, len(readable), len(new))
    problems: list[Scanned] = []
    if new:
        detect = build_detector(search.thresholds, search.min_face_size)
        scanned = scan_photos(new, folder.read_bytes, detect, encoder, settings)
        shown = tqdm(scanned, name, len(new), unit="photo")
        for part in _batch(shown, PART):
            store.add([one for one in part if not one.problem])
            problems += [one for one in part if one.problem]
    unreadable = {one.sha256 for one in problems}
    scan = store.read(one for one in readable if one not in unreadable)
    return _add_problems(scan, problems)


def warn_of_corrections(reasons: Sequence[tuple[int, str]]) -> None:
    """Log why lines of corrections.csv change nothing, the first few one by one."""
    for line, reason in reasons[:MAX_LISTED]:
        logger.warning("corrections.csv, line %d: %s", line, reason)
    if (more := len(reasons) - MAX_LISTED) > 0:
        logger.warning("corrections.csv: %d more lines change nothing.", more)


def _choose_settings(search: SearchSettings) -> "ScanSettings":
    """Give the settings of the scan in plain types."""
    from lfw17_kedro.faces.search import CopySize
    from lfw17_kedro.people.scan import ScanSettings

    return ScanSettings(
        max_long_side=search.max_long_side,
        sizes=tuple(CopySize(*dict(copy).values()) for copy in search.sizes),
        batch_size=search.batch_size,
        test_time_flip=search.test_time_flip,
        turn=search.turn,
    )


def _batch(items: Iterable[Scanned], size: int) -> Iterator[list[Scanned]]:
    """Give lists of a size; the last may be shorter."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _add_problems(scan: Scan, problems: list[Scanned]) -> Scan:
    """Add photos that could not be read."""
    if not problems:
        return scan
    import pandas as pd

    rows = [[getattr(one, name) for name in PHOTO_COLUMNS] for one in problems]
    added = pd.DataFrame(rows, columns=[*PHOTO_COLUMNS])
    photos = pd.concat([scan.photos, added], ignore_index=True)
    return replace(scan, photos=photos)

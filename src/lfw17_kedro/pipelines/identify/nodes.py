"""Nodes of `identify`."""

import logging
from collections.abc import Iterable
from typing import Any

from lfw17_kedro.gallery_types import RESERVED_NAMES, Gallery
from lfw17_kedro.messages import count_noun
from lfw17_kedro.people.apply_corrections import (
    Applied,
    list_corrections,
    match_corrections,
)
from lfw17_kedro.people.corrections import parse_corrections, spell_names
from lfw17_kedro.people.corrections_file import Correction, read_corrections_table
from lfw17_kedro.people.names import spell_path
from lfw17_kedro.people.pictures import (
    PERSON,
    Pictures,
    list_album_pictures,
    list_group_pictures,
    picture_people,
)
from lfw17_kedro.people.stored_faces import FaceComparison
from lfw17_kedro.photo_types import PhotoFolder
from lfw17_kedro.pipelines.people.nodes import (
    COMMAND,
    advise_on_lost_scans,
    warn_of_corrections,
)
from lfw17_kedro.pipelines.people.settings import GroupingSettings
from lfw17_kedro.scan_types import LocatedFaces, StoredScan
from lfw17_kedro.stores.scan_store import OpenStore
from lfw17_kedro.types import Table

PICTURES = "album_pictures"  # the folder beside the album
CORRECTIONS_FILE = "data/01_raw/corrections.csv"  # as the catalog reads it

Files = Any
"""Contents by path, as `FilesDataset` takes them: a dict or `sidecars.Sidecars`."""

logger = logging.getLogger(__name__)


def locate(photos: PhotoFolder, scan: StoredScan) -> tuple[LocatedFaces, Table]:
    """Say which photo shows which faces, and which photos have no row and why."""
    from lfw17_kedro.people.identify import locate_faces

    located = locate_faces(photos, scan)
    if len(located.left_out):
        count = count_noun(len(located.left_out), "photo")
        logger.warning("%s left out, see left_out.csv.", count)
    return located, located.left_out


def apply_corrections(
    located: LocatedFaces,
    scan: StoredScan,
    corrections: bytes,
    gallery: Gallery,
    open_store: OpenStore,
) -> Applied:
    """Find the face of each of the user's corrections.

    Args:
        located: the faces of the photos.
        scan: of these photos.
        corrections: the content of corrections.csv, empty if there is none.
        gallery: spells the names, and says which faces are alike.
        open_store: has the faces of photos that were edited or replaced since.
    """
    listed = parse_corrections(read_corrections_table(corrections))
    applied = match_corrections(
        spell_names(listed, gallery.people),
        located.table,
        _compare_faces(listed, located, scan, gallery, open_store),
        located.copies,
    )
    warn_of_corrections(applied.unmatched)
    for note in applied.notes:
        logger.info(note)
    return applied


def identify(
    located: LocatedFaces,
    gallery: Gallery,
    scan: StoredScan,
    applied: Applied,
    grouping: GroupingSettings,
    index: str,
) -> Table:
    """Name each face; see `identify_faces`.

    Raises:
        ValueError: the gallery was made with another encoder or other settings.
    """
    from lfw17_kedro.people.identify import identify_faces

    if gallery.fingerprint != scan.fingerprint:
        raise ValueError(
            "expected a gallery of the same encoder and search settings as the photos, "
            f"got {gallery.fingerprint} and {scan.fingerprint}; enrol again."
        )
    faces = identify_faces(
        located, gallery, applied, **grouping.model_dump(), index=index
    )
    unknown, ignored = ((faces["name"] == name).sum() for name in RESERVED_NAMES)
    groups = faces.loc[faces["group"] != "", "group"].nunique()
    logger.info(
        "%s: %d named, %d ignored, %d unknown; %s of unknown faces.",
        count_noun(len(faces), "face"),
        len(faces) - unknown - ignored,
        ignored,
        unknown,
        count_noun(groups, "group"),
    )
    return faces


def show_album(
    faces: Table,
    located: LocatedFaces,
    photos: PhotoFolder,
    scan: StoredScan,
    gallery: Gallery,
    corrections: bytes,
    open_store: OpenStore,
) -> tuple[str, Pictures]:
    """Make the album, see `render_album`, and the pictures beside it.

    Args:
        faces: of `identify`.
        located: the same faces.
        photos: all files of the folder.
        scan: of these photos.
        gallery: the people enrolled.
        corrections: the content of corrections.csv.
        open_store: has the pictures, and faces of photos that were edited or replaced.

    Raises:
        ValueError: the scan of a photo that was enrolled is lost.
    """
    import pandas as pd

    from lfw17_kedro.reporting.album import render_album

    store = open_store(scan.fingerprint, scan.vectors.shape[1])
    shown = _list_photos(photos, scan)
    with advise_on_lost_scans():
        places = picture_people(gallery, store)
    names = {person: PERSON.format(k) for k, person in enumerate(places)}
    paths = list_album_pictures(
        located.table,
        shown["sha256"],
        {places[person]: path for person, path in names.items()},
    )
    counts = gallery.faces["person"].value_counts()
    people = pd.DataFrame(
        {
            "name": gallery.people,
            "photos": [int(counts[person]) for person in gallery.people],
            "picture": [f"{PICTURES}/{names[person]}" for person in gallery.people],
        }
    )
    listed = parse_corrections(read_corrections_table(corrections))
    page = render_album(
        faces,
        shown,
        people,
        located.left_out,
        list_corrections(
            listed,
            located.table,
            _compare_faces(listed, located, scan, gallery, open_store),
            located.copies,
        ),
        title="Album",
        links={"How sure the names are": "open_set.html"},
        corrections_file=CORRECTIONS_FILE,
        command=COMMAND,
        pictures=PICTURES,
    )
    return page, Pictures(store, paths)


def collect_groups(
    faces: Table, located: LocatedFaces, scan: StoredScan, open_store: OpenStore
) -> Pictures:
    """Collect unknown people's faces, a folder per person, for the user to name."""
    grouped = located.table.assign(group=faces["group"])
    store = open_store(scan.fingerprint, scan.vectors.shape[1])
    return Pictures(store, list_group_pictures(grouped))


def write_sidecars(
    faces: Table, photos: PhotoFolder, scan: StoredScan, wanted: bool
) -> Files:
    """Write an XMP sidecar for each photo with a face, if they are wanted."""
    from lfw17_kedro.people.sidecars import list_sidecars

    return list_sidecars(faces, _list_photos(photos, scan)) if wanted else {}


def _compare_faces(
    corrections: Iterable[Correction],
    located: LocatedFaces,
    scan: StoredScan,
    gallery: Gallery,
    open_store: OpenStore,
) -> FaceComparison:
    """Compare corrected faces with those of the photos, as strictly as with people."""
    store = open_store(scan.fingerprint, scan.vectors.shape[1])
    corrected = [one.face_id for one in corrections if one.face_id]
    return FaceComparison(store, located.vectors, gallery.threshold.value, corrected)


def _list_photos(photos: PhotoFolder, scan: StoredScan) -> Table:
    """List the readable photos, each content once: path, size and turn."""
    import pandas as pd

    from lfw17_kedro.compute.scan_collection import list_contents

    paths = {one.sha256: spell_path(one.path) for one in list_contents(photos)}
    readable = scan.photos[scan.photos["problem"] == ""].drop(columns="problem")
    rows = pd.Index(readable["sha256"]).get_indexer(pd.Index([*paths], dtype=object))
    listed: Table = readable.iloc[rows[rows >= 0]].reset_index(drop=True)
    shown = [path for path, row in zip(paths.values(), rows, strict=True) if row >= 0]
    listed["photo"] = shown
    return listed

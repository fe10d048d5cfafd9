"""The XMP sidecars of all photos of a folder, of which few are in memory."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from lfw17_kedro.gallery_types import IGNORED_NAME
from lfw17_kedro.messages import one_line
from lfw17_kedro.people.xmp import SUFFIX, check_names, write_packet
from lfw17_kedro.scan_types import BOX
from lfw17_kedro.types import I64, Table

PHOTO_SHAPE = ("width", "height", "orientation", "turned")


class Sidecars:
    """The sidecars of photos, each written when it is asked for."""

    def __init__(self, faces: Table, photos: Table, rows: I64) -> None:
        """Remember what to write; see `list_sidecars`.

        Args:
            faces: N rows with name and box, sorted by photo.
            photos: as of `list_sidecars`.
            rows: (N,) int64, sorted: the row of the photo of each face.
        """
        self._names = faces["name"].to_numpy(object)
        self._boxes = faces[[*BOX]].to_numpy(np.float64)
        firsts = np.flatnonzero(np.diff(rows, prepend=-1))
        self._photos = photos[["photo", *PHOTO_SHAPE]].iloc[rows[firsts]]
        self._bounds = [*firsts.tolist(), len(rows)]

    def items(self) -> Iterator[tuple[str, str]]:
        """Give path and content of each sidecar, sorted by path.

        Raises:
            ValueError: see `write_packet`.
        """
        photos = self._photos.itertuples(index=False)
        shown = zip(photos, pairwise(self._bounds), strict=True)
        for (photo, *shape), (start, end) in shown:
            own = slice(start, end)
            yield (
                f"{photo}{SUFFIX}",
                write_packet(
                    self._names[own].tolist(), self._boxes[own], *map(int, shape)
                ),
            )

    def __len__(self) -> int:
        """Count the sidecars."""
        return len(self._photos)


def list_sidecars(faces: Table, photos: Table) -> Sidecars:
    """List the sidecars of all photos that show a face.

    Args:
        faces: N rows with photo, name, left, top, right, bottom; see
            `gallery_types.IDENTIFIED_COLUMNS`.
        photos: one row per path, with photo, height and width of the upright photo in
            pixels, turned, in degrees clockwise, and orientation, of the EXIF, 1-8.

    Returns:
        Path of the sidecar, relative like that of the photo, and its content; sorted by
        path. None for photos whose faces are all ignored. Another program may have
        written a sidecar of the same name: whoever stores these must not replace it.

    Raises:
        ValueError: faces of a photo that is not in `photos`, or a name that cannot be.
    """
    shown = faces.loc[faces["name"] != IGNORED_NAME, ["photo", "name", *BOX]]
    listed = photos.sort_values("photo", ignore_index=True)
    rows = pd.Index(listed["photo"]).get_indexer(pd.Index(shown["photo"]))
    if (rows < 0).any():
        lost = shown["photo"].iloc[int((rows < 0).argmax())]
        raise ValueError(
            f"expected one row for each photo with a face, got none of "
            f"{one_line(repr(lost), 80)}; give the table of the same run."
        )
    check_names(shown["name"].unique())
    order = np.argsort(rows, kind="stable")
    return Sidecars(shown.iloc[order], listed, rows[order])

"""Write the faces of a photo as an XMP sidecar that other programs read.

Regions are those of the Metadata Working Group, "Guidelines for handling image
metadata", version 2.0 (2010), section 5.9. It says: "Region metadata is applied to the
stored image": to the pixels as they lie in the file, before the EXIF orientation turns
them, and a program that turns the photo turns the regions with it. digiKam does so when
it reads (ItemScanner::commitFaces), and immich since its pull request 18021. Programs
that forget it draw the regions of lying photos in the wrong place, and nothing in the
sidecar can help them. Not tried here: Lightroom.

The sidecar does not repeat the orientation: that of the photo counts, also if somebody
corrects it later.
"""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

import numpy as np

from lfw17_kedro.faces.class_names import find_name_problem
from lfw17_kedro.gallery_types import UNKNOWN_NAME
from lfw17_kedro.messages import one_line
from lfw17_kedro.photos.formats import SIDEWAYS
from lfw17_kedro.types import F64

SUFFIX = ".xmp"  # after the whole name, as digiKam and darktable do: photo.jpg.xmp
TAG_PARENT = "People"  # digiKam's own tag above those of people
NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
}
# XMP specification part 1, section 7.3.2: the id is the same in all packets.
PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '{}\n<?xpacket end="w"?>\n'
)
# Where a point (x, y) of the photo as it is shown lies in the stored one, fractions of
# width and height, by EXIF orientation: Exif 2.32 (CIPA DC-008), tag 274.
TO_STORED = {
    1: lambda x, y: (x, y),
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (y, 1 - x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (1 - y, x),
}
TURNS = {0: 1, 90: 6, 180: 3, 270: 8}  # degrees clockwise -> EXIF orientation like it

for _prefix, _uri in NAMESPACES.items():
    ET.register_namespace(_prefix, _uri)


def write_packet(
    names: list[str],
    boxes: F64,
    width: int,
    height: int,
    orientation: int,
    turned: int,
) -> str:
    """Write the faces of one photo as an XMP packet.

    Args:
        names: names of n faces, of which none is ignored; see `check_names`. Unknown
            faces become regions without a name, as in digiKam.
        boxes: (n, 4) float64: left, top, right, bottom, pixels of the upright photo.
            Faces outside of the photo become no regions.
        width: columns of the upright photo, pixels.
        height: rows of the upright photo, pixels.
        orientation: orientation of the photo's EXIF, 1-8; 1 if it has none.
        turned: degrees clockwise by which the photo was turned after that to be
            upright: 0, 90, 180 or 270.

    Returns:
        The packet, to be stored as UTF-8: regions in fractions of the stored photo with
        six decimals, and the names as keywords (dc:subject, and digiKam's tags below
        `TAG_PARENT`).

    Raises:
        ValueError: an orientation, an angle or a size that cannot be.
    """
    _check_photo(width, height, orientation, turned)
    boxes = np.clip(boxes / np.array([width, height] * 2, np.float64), 0, 1)
    for step in (TURNS[turned], orientation):  # the last turn is undone first
        boxes = _turn_back(boxes, step)
        if step in SIDEWAYS:
            width, height = height, width
    names = ["" if name == UNKNOWN_NAME else name for name in names]
    people = sorted(set(filter(None, names)))
    meta = ET.Element(_tag("x:xmpmeta"))
    description = _add(_add(meta, "rdf:RDF"), "rdf:Description")
    description.set(_tag("rdf:about"), "")
    _add_regions(description, boxes, names, width, height)
    _add_list(description, "dc:subject", "Bag", people)
    paths = [f"{TAG_PARENT}/{name}" for name in people]
    _add_list(description, "digiKam:TagsList", "Seq", paths)
    ET.indent(meta, " ")
    return PACKET.format(ET.tostring(meta, encoding="unicode"))


def check_names(names: Iterable[str]) -> None:
    """Refuse names that cannot be keywords.

    Args:
        names: names of people, or `UNKNOWN_NAME`.

    Raises:
        ValueError: one cannot.
    """
    for name in names:
        if name != UNKNOWN_NAME and (problem := find_name_problem(name)):
            raise ValueError(
                f"expected names of people, got {one_line(repr(name), 80)}, which "
                f"{problem}."
            )


def _check_photo(width: int, height: int, orientation: int, turned: int) -> None:
    """Refuse photos without pixels and ways to lie that there are not."""
    for what, value, fine, wanted in (
        ("width", width, width > 0, "at least 1 pixel"),
        ("height", height, height > 0, "at least 1 pixel"),
        ("orientation", orientation, orientation in TO_STORED, "1 to 8, as in EXIF"),
        ("turned", turned, turned in TURNS, "0, 90, 180 or 270 degrees"),
    ):
        if not fine:
            raise ValueError(
                f"expected as {what} of a photo {wanted}, got {value}; read the photo "
                "again."
            )


def _turn_back(boxes: F64, orientation: int) -> F64:
    """Give boxes of a photo as shown in the photo as stored: (n, 4), fractions."""
    if orientation == 1:  # most photos
        return boxes
    one, other = (
        np.stack(TO_STORED[orientation](boxes[:, k], boxes[:, k + 1]), axis=1)
        for k in (0, 2)
    )
    return np.concatenate([np.minimum(one, other), np.maximum(one, other)], axis=1)


def _add_regions(
    description: ET.Element, boxes: F64, names: list[str], width: int, height: int
) -> None:
    """Add the regions of faces, of boxes as fractions of the stored photo."""
    regions = _add_struct(description, "mwg-rs:Regions")
    applied = _add_struct(regions, "mwg-rs:AppliedToDimensions")
    for key, text in (("w", width), ("h", height), ("unit", "pixel")):
        _add(applied, f"stDim:{key}", str(text))
    bag = _add(_add(regions, "mwg-rs:RegionList"), "rdf:Bag")
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    for name, centre, size in zip(names, centres, sizes, strict=True):
        if not size.all():
            continue
        region = _add_struct(bag, "rdf:li")
        if name:
            _add(region, "mwg-rs:Name", name)
        _add(region, "mwg-rs:Type", "Face")
        area = _add_struct(region, "mwg-rs:Area")
        for key, value in zip("xywh", (*centre, *size), strict=True):
            _add(area, f"stArea:{key}", f"{value:.6f}")
        _add(area, "stArea:unit", "normalized")


def _add_list(parent: ET.Element, name: str, kind: str, texts: Iterable[str]) -> None:
    """Add a list of texts, if there are any."""
    if texts := list(texts):
        items = _add(_add(parent, name), f"rdf:{kind}")
        for text in texts:
            _add(items, "rdf:li", text)


def _add_struct(parent: ET.Element, name: str) -> ET.Element:
    """Add an element that holds fields."""
    element = _add(parent, name)
    element.set(_tag("rdf:parseType"), "Resource")
    return element


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    """Add an element by its prefixed name."""
    element = ET.SubElement(parent, _tag(name))
    element.text = text
    return element


def _tag(name: str) -> str:
    """Write a prefixed name as ElementTree does."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"

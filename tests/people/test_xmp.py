from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image, ImageOps

from lfw17_kedro.people.xmp import NAMESPACES, check_names, write_packet


def write(*faces, width=4, height=2, orientation=1, turned=0):
    """Write a packet of faces, each a name and the sides of a box."""
    names = [name for name, *_ in faces]
    boxes = np.reshape([box for _, *box in faces], (-1, 4)).astype(np.float64)
    return write_packet(names, boxes, width, height, orientation, turned)


def parse(sidecar):
    root = ET.fromstring(sidecar)  # noqa: S314 (our own text)
    return root.find("rdf:RDF/rdf:Description", NAMESPACES)


def read_texts(element, path):
    return [found.text for found in element.findall(path, NAMESPACES)]


def read_fields(element, prefix, keys):
    return [element.find(f"{prefix}:{key}", NAMESPACES).text for key in keys]


def read_regions(sidecar):
    """Give name (or None) and x, y, w, h of each region."""
    regions = parse(sidecar).findall(
        "mwg-rs:Regions/mwg-rs:RegionList/rdf:Bag/rdf:li", NAMESPACES
    )
    found = []
    for region in regions:
        assert read_texts(region, "mwg-rs:Type") == ["Face"]
        area = region.find("mwg-rs:Area", NAMESPACES)
        assert read_texts(area, "stArea:unit") == ["normalized"]
        names = read_texts(region, "mwg-rs:Name")
        found.append((names[0] if names else None, read_fields(area, "stArea", "xywh")))
    return found


def test_faces_become_regions_and_keywords():
    faces = [
        ("Zoë", 100.0, 50.0, 300.0, 150.0),
        ("unknown", 0.0, 0.0, 100.0, 100.0),
        ("Ann Lee", 300.0, 150.0, 440.0, 260.0),  # reaches beyond the photo
        ("Ann Lee", 401.0, 10.0, 440.0, 60.0),  # lies outside of it
    ]

    sidecar = write(*faces, width=400, height=200)

    description = parse(sidecar)
    size = description.find("mwg-rs:Regions/mwg-rs:AppliedToDimensions", NAMESPACES)
    assert read_fields(size, "stDim", ["w", "h", "unit"]) == ["400", "200", "pixel"]
    assert read_regions(sidecar) == [
        ("Zoë", ["0.500000", "0.500000", "0.500000", "0.500000"]),
        (None, ["0.125000", "0.250000", "0.250000", "0.500000"]),
        ("Ann Lee", ["0.875000", "0.875000", "0.250000", "0.250000"]),
    ]
    assert read_texts(description, "dc:subject/rdf:Bag/rdf:li") == ["Ann Lee", "Zoë"]
    assert read_texts(description, "digiKam:TagsList/rdf:Seq/rdf:li") == [
        "People/Ann Lee",
        "People/Zoë",
    ]


def test_the_packet_has_its_frame():
    sidecar = write()

    assert sidecar.startswith(
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:'
    )
    assert sidecar.endswith('</x:xmpmeta>\n<?xpacket end="w"?>\n')
    assert read_regions(sidecar) == []
    assert "dc:subject" not in sidecar


def test_structures_are_marked_as_such():
    sidecar = write(("Ann", 0, 0, 1, 1))

    for name in ("mwg-rs:Regions", "mwg-rs:Area", "rdf:li"):
        assert f'<{name} rdf:parseType="Resource">' in sidecar


def test_names_are_escaped():
    sidecar = write(("O'Brien & Sons {0}", 0, 0, 1, 1))

    assert "O'Brien &amp; Sons {0}" in sidecar
    assert read_regions(sidecar)[0][0] == "O'Brien & Sons {0}"


@pytest.mark.parametrize(
    ("orientation", "turned", "expected", "size"),
    [
        # x and y of the upright photo are 0.25 and 0.2, w and h 0.1 and 0.04.
        (1, 0, ["0.250000", "0.200000", "0.100000", "0.040000"], ["40", "50"]),
        (3, 0, ["0.750000", "0.800000", "0.100000", "0.040000"], ["40", "50"]),
        (6, 0, ["0.200000", "0.750000", "0.040000", "0.100000"], ["50", "40"]),
        (8, 0, ["0.800000", "0.250000", "0.040000", "0.100000"], ["50", "40"]),
        (1, 90, ["0.200000", "0.750000", "0.040000", "0.100000"], ["50", "40"]),
        (6, 270, ["0.250000", "0.200000", "0.100000", "0.040000"], ["40", "50"]),
    ],
)
def test_regions_are_those_of_the_stored_photo(orientation, turned, expected, size):
    photo = {"width": 40, "height": 50, "orientation": orientation, "turned": turned}

    sidecar = write(("Ann", 8, 9, 12, 11), **photo)

    assert read_regions(sidecar) == [("Ann", expected)]
    applied = "mwg-rs:Regions/mwg-rs:AppliedToDimensions"
    found = parse(sidecar).find(applied, NAMESPACES)
    assert read_fields(found, "stDim", "wh") == size


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_regions_agree_with_how_pillow_turns_photos(orientation, turned):
    stored = np.zeros((10, 20), np.uint8)
    stored[2:5, 12:19] = 255  # x 12-19 of 20, y 2-5 of 10
    photo = Image.fromarray(stored)
    photo.getexif()[0x0112] = orientation
    upright = np.rot90(np.asarray(ImageOps.exif_transpose(photo)), -turned // 90)
    rows, columns = np.flatnonzero(upright.any(1)), np.flatnonzero(upright.any(0))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    photo = dict(zip(("height", "width"), upright.shape, strict=True))

    sidecar = write(("Ann", *box), orientation=orientation, turned=turned, **photo)

    expected = ["0.775000", "0.350000", "0.350000", "0.300000"]
    assert read_regions(sidecar) == [("Ann", expected)]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"orientation": 0}, "as orientation of a photo 1 to 8, as in EXIF, got 0"),
        ({"orientation": 9}, "as orientation of a photo 1 to 8, as in EXIF, got 9"),
        ({"turned": 45}, "as turned of a photo 0, 90, 180 or 270 degrees, got 45"),
        ({"width": 0}, "as width of a photo at least 1 pixel, got 0"),
        ({"height": 0}, "as height of a photo at least 1 pixel, got 0"),
    ],
)
def test_a_photo_that_cannot_be_is_refused(wrong, problem):
    with pytest.raises(ValueError, match=f"expected {problem}; read the photo again"):
        write(**wrong)


def test_a_name_that_breaks_the_file_is_refused():
    with pytest.raises(ValueError, match=r"got 'a\\x01b', which holds a control char"):
        check_names(["unknown", "a\x01b"])

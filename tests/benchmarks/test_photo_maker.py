import hashlib

import numpy as np
import pytest
from benchmarks.photo_maker import (
    COLLAGE_HEIGHTS,
    draw_face,
    draw_photo,
    load_faces,
    make_photos,
    name_photo,
)
from PIL import Image

FACE = np.full((112, 92), 100, np.uint8)  # grey all over


def read_photos(folder):
    files = sorted(folder.rglob("*"))
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in files
        if file.is_file()
    }


def test_photos_lie_a_thousand_in_a_folder(tmp_path):
    assert name_photo(tmp_path, 999) == tmp_path / "0000/0000999.jpg"
    assert name_photo(tmp_path, 23_001) == tmp_path / "0023/0023001.jpg"


def test_photos_all_differ_and_depend_on_the_seed_alone(tmp_path):
    make_photos(tmp_path / "one", 24, seed=3, processes=1)
    make_photos(tmp_path / "two", 12, seed=3, processes=2)
    make_photos(tmp_path / "other", 12, seed=4, processes=1)

    one, two, other = (read_photos(tmp_path / name) for name in ("one", "two", "other"))
    assert list(one) == [f"0000/{index:07d}.jpg" for index in range(24)]
    assert len({hashlib.sha256(photo).digest() for photo in one.values()}) == 24
    assert two == dict(list(one.items())[:12])
    assert not set(other.values()) & set(one.values())


def test_photos_that_are_there_stay(tmp_path):
    kept = tmp_path / "0000/0000001.jpg"
    kept.parent.mkdir()
    kept.write_bytes(b"mine")

    make_photos(tmp_path, 2, processes=1)

    assert kept.read_bytes() == b"mine"
    with Image.open(tmp_path / "0000/0000000.jpg") as photo:
        assert (photo.format, photo.size, photo.mode) == ("JPEG", (250, 250), "RGB")


@pytest.mark.parametrize(("count", "processes"), [(0, 1), (1, 0)])
def test_no_photos_or_no_process_is_refused(count, processes, tmp_path):
    wanted = f"expected at least one photo and one process, got {count} and {processes}"
    with pytest.raises(ValueError, match=wanted):
        make_photos(tmp_path, count, processes=processes)


def test_faces_are_all_of_orl_in_their_full_size():
    faces = load_faces()

    assert (faces.shape, faces.dtype) == ((400, 112, 92), np.uint8)


def test_a_face_keeps_its_height_and_is_a_brightened_tint():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        face = draw_face(FACE, COLLAGE_HEIGHTS, rng)

        assert COLLAGE_HEIGHTS[0] <= face.height < COLLAGE_HEIGHTS[1]
        red, green, blue = np.asarray(face)[face.height // 2, face.width // 2]
        # 100, brightened by 0.8 to 1.4 and tinted by 0.85 to 1.
        assert 0.8 * 0.85 * 100 - 2 <= red <= 1.4 * 100
        assert red > green > blue


def test_one_photo_in_five_shows_two_to_four_faces(monkeypatch):
    drawn = []

    def draw(face, heights, rng):
        drawn.append(face)
        return Image.new("RGB", (10, 10), "white")

    monkeypatch.setattr("benchmarks.photo_maker.draw_face", draw)
    faces = [np.full((2, 2), value, np.uint8) for value in range(9)]
    counts = []
    for index in range(400):
        photo = draw_photo(faces, 0, index)
        assert photo.size == (250, 250)
        counts.append(len(drawn))
        assert len({int(face[0, 0]) for face in drawn}) == len(drawn)
        drawn.clear()

    assert set(counts) == {1, 2, 3, 4}
    assert 0.14 < np.mean(np.array(counts) > 1) < 0.26  # 3 standard deviations

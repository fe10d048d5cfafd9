import shutil
from unittest.mock import Mock

import pytest
from PIL import Image

import make_people


def test_example_folders_are_made_once_and_again(tmp_path):
    for _ in range(2):
        make_people.main(tmp_path)

    people = sorted(one.name for one in (tmp_path / "people").iterdir() if one.is_dir())
    assert people == sorted(make_people.NAMES)
    assert len(list((tmp_path / "people/Abbott").glob("*.jpg"))) == 6
    collages = list((tmp_path / "photos").glob("*.jpg"))
    assert len(collages) == 8
    with Image.open(collages[0]) as collage:
        assert collage.size == (3 * (184 + 24) + 24, 2 * (224 + 24) + 24)


def test_what_the_user_did_with_the_example_stays(tmp_path):
    make_people.main(tmp_path)
    mine = tmp_path / "people/Lee/1.jpg"
    mine.write_bytes(b"mine")
    shutil.rmtree(tmp_path / "people/Abbott")
    (tmp_path / "photos/party 1.jpg").unlink()
    before = sorted(tmp_path.rglob("*"))

    make_people.main(tmp_path)

    assert mine.read_bytes() == b"mine"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_deleted_folder_is_made_again(tmp_path):
    make_people.main(tmp_path)
    photos = {one.name: one.read_bytes() for one in (tmp_path / "photos").iterdir()}
    mine = tmp_path / "people/Lee/1.jpg"
    mine.write_bytes(b"mine")
    shutil.rmtree(tmp_path / "photos")

    make_people.main(tmp_path)

    again = {one.name: one.read_bytes() for one in (tmp_path / "photos").iterdir()}
    assert again == photos
    assert mine.read_bytes() == b"mine"


def test_an_interrupted_example_leaves_nothing_that_looks_like_the_users(
    tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(make_people, "arrange", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            make_people.main(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["people"]

    make_people.main(tmp_path)

    assert len(list((tmp_path / "photos").glob("*.jpg"))) == 8


def test_photos_of_the_user_stay_alone(tmp_path, capsys):
    mine = tmp_path / "photos/mine.jpg"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")

    make_people.main(tmp_path)

    assert "has photos of yours: they stay" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == [mine.parent, mine]

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


def test_photos_of_the_user_stay_alone(tmp_path, capsys):
    mine = tmp_path / "photos/mine.jpg"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")

    make_people.main(tmp_path)

    assert "has photos of yours: they stay" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == [mine.parent, mine]

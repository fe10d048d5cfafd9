import pytest
from kedro.config import OmegaConfigLoader

from lfw17_kedro.hooks.conf_files import find_misnamed, find_slips, load_section


@pytest.fixture
def conf(tmp_path):
    for env in ("base", "local", "study"):
        (tmp_path / env).mkdir()
    (tmp_path / "base" / "parameters.yml").write_text("seed: 666\n")
    return tmp_path


def load(conf, env=None, section="parameters"):
    loader = OmegaConfigLoader(
        str(conf), base_env="base", default_run_env="local", env=env
    )
    return load_section(loader, section)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("svm: [1\n", "expected YAML, got in line 2: "),
        (
            "seed: 3\nseed: 4\n",
            "expected YAML, got in line 2: found duplicate key seed.",
        ),
        ("- 1\n", "expected names and values (`seed: 666`), got list."),
        (f"seed: {'9' * 5000}\n", "expected YAML, got: Exceeds the limit"),
        ("seed: ${a\n", "expected YAML, got: no viable alternative at input '${a'"),
    ],
)
@pytest.mark.parametrize("name", ["parameters.yml", "parameters/a/svm.yml"])
def test_unusable_file_is_named_with_what_is_wrong(conf, name, text, problem):
    file = conf / "local" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

    with pytest.raises(ValueError) as refused:
        load(conf)

    assert str(refused.value).startswith(f"{file}: {problem}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("seed: ${seed}\n", "Recursive interpolation detected"),
        ("seed: ${runtime_params:x}\n", "Runtime parameter 'x' not found"),
    ],
)
def test_a_value_that_refers_to_nothing_is_refused_in_one_line(conf, text, problem):
    (conf / "local" / "parameters.yml").write_text(text)

    with pytest.raises(ValueError) as refused:
        load(conf)

    message = str(refused.value)
    assert message.startswith("parameters: expected values that can be resolved, got:")
    assert problem in message
    assert message.endswith(f"correct what refers to others by ${{...}} in {conf}.")
    assert "\n" not in message


def test_usable_files_are_loaded(conf):
    (conf / "local" / "parameters.yml").write_text("seed: 3\n")

    assert load(conf) == {"seed": 3}


def test_unknown_environment_names_those_there_are(conf):
    with pytest.raises(ValueError) as refused:
        load(conf, env="studdy")

    assert str(refused.value) == (
        "--env studdy: expected one of base, local, study, or make a folder "
        f"{conf / 'studdy'}."
    )


def test_slip_in_a_name_of_the_catalog_is_found():
    entries = ["raw_face", "raw_faces", "_raw_face", "{x}_faces", "my_own_table"]

    assert find_slips(entries, ["raw_faces", "train_table"]) == [
        "raw_face, in a catalog.yml: no pipeline has a dataset of this name; did you "
        "mean raw_faces?"
    ]


def list_misnamed(conf, env=None):
    return find_misnamed(
        OmegaConfigLoader(str(conf), base_env="base", default_run_env="local", env=env)
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("parametrs.yml", "parameters.yml"),
        ("params.yml", "parameters.yml"),
        ("parameter.yaml", "parameters.yml"),
        ("Parameters.yml", "parameters.yml"),
        ("parameters.yl", "parameters.yml"),
        ("parameters.yml.txt", "parameters.yml"),
        ("katalog.yml", "catalog.yml"),
        ("global.yml", "globals.yml"),
        ("paramters_svm.yml", "parameters_svm.yml"),
    ],
)
def test_a_misnamed_file_is_found(conf, name, meant):
    (conf / "base" / "parameters_svm.yml").write_text("{}")
    file = conf / "local" / name
    file.write_text("seed: 3\n")

    assert list_misnamed(conf) == [
        f"{file}: nothing reads a file of this name; rename it to {meant}, or remove "
        "it."
    ]
    assert list_misnamed(conf, env="study") == []


def test_other_files_of_the_configuration_are_left_alone(conf):
    names = ("mlflow.yml", "notes.txt", "parameters.yml~", "parameters.yml.bak")
    (conf / "local/parameters").mkdir()
    loaded = ("parameters_mine.yml", "catalog.yaml", "parameters/params.yml")
    for name in (*names, *loaded, "README.md"):
        (conf / "local" / name).write_text("{}")
    (conf / "logging.yml").write_text("{}")

    assert list_misnamed(conf) == []


def test_a_file_outside_the_environments_is_found(conf):
    (conf / "parameters.yml").write_text("seed: 3\n")

    assert list_misnamed(conf) == [
        f"{conf / 'parameters.yml'}: nothing reads this file here; move it to "
        f"{conf / 'local'}, or remove it."
    ]

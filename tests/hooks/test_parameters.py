import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import yaml
from click import ClickException
from fsspec.registry import _registry, known_implementations
from kedro.config import OmegaConfigLoader
from kedro.framework.cli.utils import _split_params
from kedro.framework.context import KedroContext
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.pipeline import Node, Pipeline
from omegaconf import OmegaConf

from lfw17_kedro.hooks.parameters import ParameterHooks
from lfw17_kedro.pipelines.facenet_svm.settings import FacenetSvmSettings
from lfw17_kedro.pipelines.scratch_cnn.settings import ScratchCnnSettings
from lfw17_kedro.settings import CONFIG_LOADER_ARGS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def conf(tmp_path):
    """The project's own conf with an empty conf/local."""
    ignore_local = shutil.ignore_patterns("local")
    folder = shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=ignore_local)
    (folder / "local").mkdir()
    return folder


@pytest.fixture
def load_context(conf, tmp_path):
    """Make a context as `kedro run --env ENV --params PARAMS` does."""

    def load(params="", env=None):
        typed = _split_params(None, SimpleNamespace(name="params"), params)
        loader = OmegaConfigLoader(
            str(conf), env=env, runtime_params=typed, **CONFIG_LOADER_ARGS
        )
        context = KedroContext(
            package_name="lfw17_kedro",
            project_path=tmp_path,
            config_loader=loader,
            env=env,
            runtime_params=typed,
            hook_manager=_create_hook_manager(),
        )
        ParameterHooks().after_context_created(context)
        return context

    return load


@pytest.fixture
def refuse(load_context):
    """Load a context that must be refused; give the lines of the message."""

    def load(params="", env=None):
        with pytest.raises(ClickException) as refused:
            load_context(params, env)
        head, *lines = refused.value.message.splitlines()
        assert head == "some parameters are wrong:"
        return [line.strip() for line in lines]

    return load


ENVIRONMENTS = [None, "base", "kaggle", "lfw17", "people", "study"]


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_environment_passes(load_context, env):
    load_context(env=env)


@pytest.mark.parametrize(
    ("env", "architecture", "recipe", "source"),
    [
        (None, "small_resnet", "short", "orl"),
        ("kaggle", "resnet", "long", "npy"),
        ("lfw17", "resnet", "long", "lfw"),
        ("study", "published", "long", "npy"),
    ],
)
def test_environment_chooses_networks_and_source(
    load_context, env, architecture, recipe, source
):
    loader = load_context(env=env).config_loader

    assert loader["parameters"]["scratch_cnn"].architecture == architecture
    assert loader["parameters"]["transfer_learning"].recipe == recipe
    assert loader["catalog"]["raw_faces"]["source"] == source


def test_mistyped_entry_of_the_catalog_is_refused(conf, load_context):
    (conf / "local" / "catalog.yml").write_text("raw_face: {type: MemoryDataset}\n")

    with pytest.raises(ClickException, match="^raw_face, .* did you mean raw_faces?"):
        load_context()


def test_file_that_is_no_yaml_is_refused_without_a_traceback(conf, load_context):
    (conf / "local" / "catalog.yml").write_text("raw_faces: [")

    with pytest.raises(ClickException, match="local/catalog.yml: expected YAML"):
        load_context()


def test_mistyped_names_and_values_on_the_command_line_come_at_once(refuse):
    lines = refuse(
        "sed=1,facenet_smv.svm.C=10,facenet_svm.svm.cots=10,seed=abc,"
        "data_processing.augmentation.copies=two,facenet_svm.embedding=5,"
        "use_copies=None"
    )

    assert {line.partition(": ")[0]: line.partition(": ")[2] for line in lines} == {
        "seed": "expected a whole number from 0 to 4294967295, got 'abc'.",
        "data_processing.augmentation.copies": (
            "expected a whole number from 0 to 100, got 'two'."
        ),
        "facenet_svm.embedding": (
            "expected a group of parameters (batch_size, test_time_flip), got 5."
        ),
        "facenet_svm.svm.cots": (
            "there is no parameter of this name (got 10); did you mean "
            "facenet_svm.svm.C?"
        ),
        "sed": "there is no parameter of this name (got 1); did you mean seed?",
        "facenet_smv.svm.C": (
            "there is no parameter of this name (got 10); did you mean "
            "facenet_svm.svm.C?"
        ),
        "use_copies": (
            "there is no parameter of this name (got 'None'); did you mean "
            "data_processing.augmentation.copies?"
        ),
    }


def test_whole_method_replaced_by_a_number_is_refused(refuse):
    [line] = refuse("facenet_svm=5")

    assert line.startswith(
        "facenet_svm: expected a group of parameters (cross_validation_folds, encoder, "
    )


def test_mistyped_name_in_conf_local_is_refused(conf, refuse):
    local = {"facenet_svm": {"svm": {"cots": 10}}}
    (conf / "local" / "parameters.yml").write_text(yaml.safe_dump(local))

    [line] = refuse()

    assert line.startswith("facenet_svm.svm.cots: there is no parameter of this name")


def test_faiss_is_refused_at_once_where_it_is_not_installed(
    load_context, refuse, monkeypatch
):
    load_context("people.index=faiss", "people")
    monkeypatch.setitem(sys.modules, "faiss", None)

    assert refuse("people.index=faiss", "people") == [
        "people.index: expected auto or exact, as the package faiss is not installed "
        "(run `make extras EXTRAS=faiss`, or without make `pip install -e "
        "'.[faiss]'`), got 'faiss'."
    ]
    load_context("people.index=auto", "people")


def test_nodes_get_settings_and_single_values(conf, load_context):
    seen = []

    def use(cnn: ScratchCnnSettings, svm: FacenetSvmSettings, c: float) -> None:
        seen.append((cnn, svm, c))

    names = ["params:scratch_cnn", "params:facenet_svm", "params:facenet_svm.svm.C"]
    node = Node(use, names, None, name="use")
    context = load_context("facenet_svm.svm.C=10")
    (conf / "base" / "catalog.yml").write_text("")
    project = SimpleNamespace(pipelines={"__default__": Pipeline([node])})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kedro.framework.project.pipelines", project.pipelines)
        with pytest.warns(DeprecationWarning, match="model_fields"):  # Kedro's own
            catalog = context.catalog
    node.run({name: catalog.load(name) for name in names})

    [(cnn, svm, c)] = seen
    assert isinstance(cnn, ScratchCnnSettings)
    assert cnn.chosen.network.widths == (16, 32, 64, 128)
    assert isinstance(svm, FacenetSvmSettings)
    assert c == svm.svm.C == 10
    assert catalog.load("params:seed") == 666


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
    moved = {
        entry
        for entry in plain["catalog"]
        if loader["catalog"][entry] != plain["catalog"][entry]
    }
    assert moved == {dataset}
    assert loader["catalog"][dataset]["filepath"] == "my/files"


def test_both_folders_of_the_user_can_be_named(load_context, tmp_path):
    for folder in ("a", "b/c d"):
        (tmp_path / folder).mkdir(parents=True)
    loader = load_context(
        f"people_folder=a,photos_folder={tmp_path}/b/c d", "people"
    ).config_loader

    assert loader["catalog"]["people_photos"]["filepath"] == "a"
    assert loader["catalog"]["photos"]["filepath"] == f"{tmp_path}/b/c d"


@pytest.mark.parametrize("name", ["people_folder", "photos_folder"])
def test_folder_that_is_not_there_is_refused(refuse, tmp_path, name):
    assert refuse(f"{name}=no/where", "people") == [
        f"{name}: expected a folder at {tmp_path}/no/where, found none; correct the "
        "path, or leave it out to use the folder of the catalog."
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
        "shown here); write credentials into conf/local or the environment: "
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


@pytest.mark.parametrize("source", ["../away", "", "null", ".", "a b", "3", "[orl]"])
def test_source_is_the_name_of_a_folder(conf, refuse, source):
    (conf / "kaggle" / "globals.yml").write_text(f"source: {source}\n")

    [line] = refuse(env="kaggle")

    assert line.startswith("source: expected the name of a folder in a globals.yml")


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


@pytest.fixture
def ask_for_a_version():
    """Run the rest of a test as inside `kedro run --load-versions ...`."""
    with click.Context(click.Command("run")) as context:
        context.params = {"load_versions": {"raw_faces": "2026-01-02T03.04.05.678Z"}}
        yield


@pytest.mark.usefixtures("ask_for_a_version")
def test_versions_are_refused_where_nothing_is_versioned(conf, load_context):
    with pytest.raises(ClickException) as refused:
        load_context()

    assert refused.value.message == (
        "--load-versions: expected versions of datasets, but no dataset of this "
        "catalog has any; leave the option out."
    )


@pytest.mark.usefixtures("ask_for_a_version")
def test_versions_of_a_versioned_dataset_are_left_to_kedro(conf, load_context):
    entry = {"type": "pickle.PickleDataset", "versioned": True, "filepath": "a.pkl"}
    catalog = {"class_names": entry}
    (conf / "local" / "catalog.yml").write_text(yaml.safe_dump(catalog))

    load_context()


def test_study_is_the_studys_method(load_context):
    parameters = load_context(env="study").config_loader["parameters"]

    svm = parameters["facenet_svm"]
    assert svm.encoder == "facenet"
    assert svm.encoder_options.standardisation == "prewhiten"
    assert svm.embedding.test_time_flip is False
    assert svm.svm.multi_class == "one_vs_one"
    assert svm.svm.nrof_train_images_per_class == 200
    assert svm.svm.all_images_for_test is True
    assert parameters["data_processing"].augmentation.copies == 2
    assert parameters["scratch_cnn"].chosen.steps == 30000
    assert parameters["transfer_learning"].backbone == "inception_v3"


def test_study_takes_a_weights_file_and_keeps_the_rest(load_context):
    params = "seed=1,facenet_svm.encoder_options.weights=F.pt"

    svm = load_context(params, "study").config_loader["parameters"]["facenet_svm"]

    assert svm.encoder_options.weights == "F.pt"
    assert svm.encoder_options.standardisation == "prewhiten"
    assert svm.svm.multi_class == "one_vs_one"


@pytest.mark.parametrize(
    "params", ["facenet_svm.svm.C=10", "scratch_cnn.architecture=resnet"]
)
def test_study_refuses_what_would_make_it_something_else(refuse, params):
    [line] = refuse(params, "study")

    name = params.partition("=")[0]
    assert line.startswith(
        f"{name}: the environment study is a fixed method, so --params may only change "
        "seed, runs.stale_inputs, runs.max_wait, raw_folder, "
    )
    assert line.endswith("`--env kaggle` takes any parameter.")


def test_studys_list_cannot_be_changed_by_the_command_line(refuse):
    lines = refuse("allowed_runtime_parameters=[facenet_svm],facenet_svm=5", "study")

    names = {line.partition(":")[0] for line in lines}
    assert names == {"allowed_runtime_parameters", "facenet_svm"}


def test_study_may_change_only_parameters_that_exist(load_context):
    loader = load_context(env="study").config_loader
    known = OmegaConf.create(
        {
            name: value.model_dump() if hasattr(value, "model_dump") else value
            for name, value in loader["parameters"].items()
        }
    )

    for name in set(loader["globals"]["allowed_runtime_parameters"]) - {"raw_folder"}:
        assert OmegaConf.select(known, name, default="absent") != "absent", name


def test_command_ends_with_one_message_before_tensorflow_is_imported():
    script = (
        "import sys; from kedro.framework.cli import main; sys.argv[1:] = "
        "['run', '--params', 'sed=1,seed=abc']\n"
        "try: main()\n"
        "finally: print('tensorflow' in sys.modules)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert ran.stderr.endswith(
        "Error: some parameters are wrong:\n"
        "  seed: expected a whole number from 0 to 4294967295, got 'abc'.\n"
        "  sed: there is no parameter of this name (got 1); did you mean seed?\n"
    )
    assert "Traceback" not in ran.stderr
    assert ran.stdout.endswith("False\n")

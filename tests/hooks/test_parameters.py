import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import yaml
from click import ClickException
from kedro.pipeline import Node, Pipeline

from lfw17_kedro.hooks.parameters import ParameterHooks
from lfw17_kedro.pipelines.facenet_svm.settings import FacenetSvmSettings
from lfw17_kedro.pipelines.scratch_cnn.settings import ScratchCnnSettings

ROOT = Path(__file__).parents[2]

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


def test_parameters_of_what_is_not_chosen_are_refused(refuse):
    assert refuse(
        "scratch_cnn.architectures.resnet.epochs=5,"
        "scratch_cnn.architectures.resnet.network.dense=8,"
        "transfer_learning.recipes.long.batch_size=8,"
        "transfer_learning.backbones.inception_v3.weights=x,"
        "data_processing.split.n_folds=10,seed=1"
    ) == [
        "scratch_cnn.architectures.resnet.epochs: nothing reads it, for "
        "scratch_cnn.architecture is small_resnet; choose "
        "scratch_cnn.architecture=resnet, or change "
        "scratch_cnn.architectures.small_resnet.epochs.",
        "scratch_cnn.architectures.resnet.network.dense: nothing reads it, for "
        "scratch_cnn.architecture is small_resnet; choose "
        "scratch_cnn.architecture=resnet, or change "
        "scratch_cnn.architectures.small_resnet.network.dense.",
        "transfer_learning.recipes.long.batch_size: nothing reads it, for "
        "transfer_learning.recipe is short; choose transfer_learning.recipe=long, or "
        "change transfer_learning.recipes.short.batch_size.",
        "transfer_learning.backbones.inception_v3.weights: nothing reads it, for "
        "transfer_learning.backbone is efficientnet_lite0; choose "
        "transfer_learning.backbone=inception_v3, or change "
        "transfer_learning.backbones.efficientnet_lite0.weights.",
        "data_processing.split.n_folds: nothing reads it, for "
        "data_processing.split.scheme is holdout; choose "
        "data_processing.split.scheme=kfold, or change "
        "data_processing.split.validation_fraction.",
    ]


def test_parameters_of_what_there_is_none_of_are_refused(refuse, load_context):
    typed = (
        "data_processing.augmentation.max_degrees=10,"
        "scratch_cnn.aligned_size=64,"
        "transfer_learning.backbones.efficientnet_lite0.aligned_size=64"
    )
    some = (
        ",data_processing.augmentation.copies=1,scratch_cnn.networks.aligned=1,"
        "transfer_learning.networks.aligned=1"
    )

    none = ",scratch_cnn.networks.original=1,scratch_cnn.networks.aligned=0"
    assert refuse(typed + none) == [
        "data_processing.augmentation.max_degrees: nothing reads it, for "
        "data_processing.augmentation.copies is 0; set that above 0.",
        "scratch_cnn.aligned_size: nothing reads it, for scratch_cnn.networks.aligned "
        "is 0; set that above 0.",
        "transfer_learning.backbones.efficientnet_lite0.aligned_size: nothing reads "
        "it, for transfer_learning.networks.aligned is 0; set that above 0.",
    ]
    load_context(typed + some)


@pytest.mark.parametrize(
    "typed",
    [
        "recipes.short.learning_rate=0.01",
        "training.dropout=0.5",
        "training.augmentation.max_degrees=30",
        "training.fine_tuning.optimizer.weight_decay=0.1",
        "backbones.efficientnet_lite0.fine_tuned_layers=9",
    ],
)
def test_parameters_of_the_fine_tuning_need_an_epoch(typed, refuse, load_context):
    typed = f"transfer_learning.{typed},transfer_learning.recipes.short."

    assert refuse(f"{typed}fine_tuning_epochs=0") == [
        f"{typed.partition('=')[0]}: nothing reads it, for "
        "transfer_learning.recipes.short.fine_tuning_epochs is 0; set that above 0."
    ]
    load_context(f"{typed}fine_tuning_epochs=1")


@pytest.mark.parametrize(
    "typed", ["training.dropout=0.5", "recipes.short.fine_tuning_epochs=3"]
)
def test_parameters_of_the_fine_tuning_need_a_layer(typed, refuse, load_context):
    layers = "transfer_learning.backbones.efficientnet_lite0.fine_tuned_layers"
    typed = f"transfer_learning.{typed},{layers}"

    assert refuse(f"{typed}=0") == [
        f"{typed.partition('=')[0]}: nothing reads it, for {layers} is 0; set that "
        "above 0."
    ]
    load_context(f"{typed}=1")


def test_parameters_that_change_nothing_in_a_run_are_named(caplog, monkeypatch):
    monkeypatch.setattr("kedro.framework.project.pipelines", {})
    run = Pipeline([Node(print, ["params:facenet_svm"], None, name="fit")])
    typed = {"facenet_svm": {"svm": {"C": 1}}, "seed": 1, "runs": {"max_wait": 2}}
    hooks = ParameterHooks()

    hooks.before_pipeline_run(run, {"runtime_params": typed})
    assert caplog.messages == []
    hooks.before_pipeline_run(
        run, {"runtime_params": typed | {"scratch_cnn": {"precision": "float32"}}}
    )

    assert caplog.messages == [
        "scratch_cnn.precision: nothing in this run depends on it."
    ]


def test_two_counts_of_none_agree(load_context):
    load_context(
        "transfer_learning.recipes.short.fine_tuning_epochs=0,"
        "transfer_learning.backbones.efficientnet_lite0.fine_tuned_layers=0"
    )


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        (
            "transfer_learning.networks.aligned=1,"
            "transfer_learning.backbones.efficientnet_lite0.width=64",
            "transfer_learning.networks.original",
        ),
        (
            "data_processing.augmentation.copies=2,"
            "data_processing.augmentation.max_degrees=30",
            "data_processing.augmentation.rotation_probability",
        ),
    ],
)
def test_parameters_without_anything_to_use_them_are_refused(
    typed, count, refuse, load_context
):
    name = typed.rpartition(",")[2].partition("=")[0]

    assert refuse(f"{typed},{count}=0") == [
        f"{name}: nothing reads it, for {count} is 0; set that above 0."
    ]
    load_context(typed)


def test_a_parameter_that_the_chosen_one_lacks_is_not_advised(refuse):
    [line] = refuse(
        "scratch_cnn.architecture=published,"
        "scratch_cnn.architectures.resnet.network.dense=8"
    )

    assert line.endswith(
        "nothing reads it, for scratch_cnn.architecture is published; choose "
        "scratch_cnn.architecture=resnet."
    )


@pytest.mark.parametrize(
    ("env", "params"),
    [
        ("kaggle", "scratch_cnn.architectures.resnet.epochs=5"),
        (
            None,
            "scratch_cnn.architecture=resnet,scratch_cnn.architectures.resnet.epochs=5",
        ),
        (None, "data_processing.split.scheme=kfold,data_processing.split.n_folds=10"),
        (  # as in README.md
            None,
            "scratch_cnn.architecture=published,scratch_cnn.networks.original=1,"
            "scratch_cnn.networks.aligned=0",
        ),
        ("study", "transfer_learning.backbones.inception_v3.weights=x"),
    ],
)
def test_parameters_of_what_is_chosen_pass(load_context, env, params):
    load_context(params, env)


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


@pytest.mark.parametrize("source", ["../away", "", "null", ".", "a b", "3", "[orl]"])
def test_source_is_the_name_of_a_folder(conf, refuse, source):
    (conf / "kaggle" / "globals.yml").write_text(f"source: {source}\n")

    [line] = refuse(env="kaggle")

    assert line.startswith("source: expected the name of a folder in a globals.yml")


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

"""Which earlier results a run takes: those of methods that were run, or not.

The methods are quick ones, of which facenet_svm and scratch_cnn were run.
"""

import logging
import re
import shutil

import pytest
import yaml
from click import ClickException
from fault_project import make_project
from kedro.framework.project import configure_project
from kedro.runner import SequentialRunner
from kedro_sessions import open_session
from quick_methods import give_catalog, make_quick

from lfw17_kedro import pipeline_registry

ENSEMBLE = [f"ensemble.{node}" for node in ("calibrate", "pool", "score", "submit")]
OTHER_FEATURES = {"facenet_svm": {"embedding": {"test_time_flip": False}}}


@pytest.fixture(scope="module", autouse=True)
def quick_methods():
    """Register quick methods in the place of the real ones."""
    quick = tuple(map(make_quick, pipeline_registry.METHODS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline_registry, "METHODS", quick)
        yield quick
    configure_project("lfw17_kedro")  # or the next test would find these


@pytest.fixture(scope="module")
def two_methods(quick_methods, few_faces, tmp_path_factory):
    """Run two of the three methods; do not change the folder."""
    project = make_project(tmp_path_factory.mktemp("two") / "project", few_faces)
    catalog = project / "conf/local/catalog.yml"
    entries = yaml.safe_load(catalog.read_text())
    entries |= give_catalog(method.name for method in quick_methods)
    catalog.write_text(yaml.safe_dump(entries))
    run(project, "scratch_cnn", "facenet_svm")
    return project


@pytest.fixture
def project(two_methods, tmp_path, caplog):
    """Give a copy of the project, and log what runs there."""
    caplog.set_level(logging.INFO)
    return shutil.copytree(two_methods, tmp_path / "project")


def run(project, *pipelines, only_missing=False, params=None, **options):
    """Run pipelines."""
    with open_session(project, parameters=params) as session:
        session.run(
            pipeline_names=[*pipelines],
            runner=SequentialRunner(),
            only_missing_outputs=only_missing,
            **options,
        )


def list_run(caplog):
    """Give the nodes that ran since this was asked last."""
    done = [re.fullmatch(r" *\d+/\d+ (\S+) +\S+ s", one) for one in caplog.messages]
    caplog.clear()
    return sorted(one[1] for one in done if one)


def test_the_ensemble_and_the_report_take_results_that_fit(project):
    run(project, "ensemble", "reporting")

    assert (project / "data/08_reporting/orl/report.html").is_file()


def test_the_ensemble_and_the_report_refuse_features_of_other_settings(project):
    with pytest.raises(ClickException) as error:
        run(project, "ensemble", "reporting", params=OTHER_FEATURES)

    assert error.value.message.startswith(
        "facenet_svm.out_of_fold_probabilities, facenet_svm.test_probabilities and "
        "facenet_svm.validation_probabilities: made with "
        "facenet_svm.embedding.test_time_flip=true, this run has false; run `kedro run "
    )


def test_an_ensemble_of_the_methods_that_were_run_is_up_to_date(project, caplog):
    run(project, "facenet_svm", "ensemble", only_missing=True)
    assert list_run(caplog) == ENSEMBLE

    run(project, "facenet_svm", "ensemble", only_missing=True)
    assert list_run(caplog) == []

    run(project, "ensemble", from_nodes=["ensemble.score"])
    assert list_run(caplog) == ["ensemble.score"]


def test_an_ensemble_is_stale_when_another_method_was_run_since(project, caplog):
    run(project, "ensemble")
    run(project, "transfer_learning")
    list_run(caplog)

    with pytest.raises(ClickException) as error:
        run(project, "ensemble", from_nodes=["ensemble.submit"])
    assert error.value.message.startswith(
        "ensemble.test_probabilities: "
        "transfer_learning.validation_probabilities was made again since; "
    )

    run(project, "ensemble", only_missing=True)
    assert list_run(caplog) == ENSEMBLE


def test_the_ensemble_is_made_again_without_a_method_that_was_removed(project, caplog):
    run(project, "transfer_learning", "ensemble")
    shutil.rmtree(project / "data/07_model_output/orl/transfer_learning")
    list_run(caplog)

    run(project, "ensemble", from_nodes=["ensemble.submit"])  # it is what it was
    assert list_run(caplog) == ["ensemble.submit"]

    run(project, "ensemble", only_missing=True)
    assert list_run(caplog) == ENSEMBLE


def test_results_stay_fresh_when_the_features_are_removed(project):
    shutil.rmtree(project / "data/04_feature")

    run(project, "facenet_svm", from_nodes=["facenet_svm.calibrate"])
    run(project, "ensemble")


def test_stale_inputs_that_a_user_takes_make_an_ensemble_once(project, caplog):
    params = OTHER_FEATURES | {"runs": {"stale_inputs": "warn"}}
    run(project, "ensemble")
    list_run(caplog)

    run(project, "ensemble", params=params, only_missing=True)

    assert list_run(caplog) == []

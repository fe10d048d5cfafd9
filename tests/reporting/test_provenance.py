import pytest
from recorded_project import DATA, METHODS, OWN, Project

from lfw17_kedro.lineage.run_record import start_record
from lfw17_kedro.reporting.advice import advise
from lfw17_kedro.reporting.predictions import StaleResultsError
from lfw17_kedro.reporting.provenance import check_raw_faces, describe_provenance


def warn(project, method):
    return describe_provenance([method], project.record)[method]["warnings"]


def test_a_whole_run_agrees():
    project = Project().run(*METHODS)
    described = describe_provenance(METHODS, project.record)

    assert [one["warnings"] for one in described.values()] == [[], []]
    (run,) = described["svm"]["runs"]
    assert run["nodes"] == [*DATA, *OWN]
    assert run["command"] == "kedro run ..."
    assert described["svm"]["parameters"] == {
        "seed": [666],
        "prepare.fraction": [0.2],
        "svm.C": [1.0],
        "svm.sizes": [[74, 222]],
    }


def test_data_made_again_from_the_same_leave_other_methods_valid():
    project = Project().run("cnn").run("svm")

    assert warn(project, "cnn") == []
    assert warn(project, "svm") == []


def test_other_settings_in_a_part_of_a_method_are_named_key_by_key():
    project = (
        Project().run("svm").run("svm", only=OWN[1:], svm={"C": 10, "sizes": [74]})
    )

    assert warn(project, "svm") == [
        "`svm.validate` ran with svm.C=1, svm.sizes=[74, 222]; "
        "`svm.fit` ran with svm.C=10, svm.sizes=[74]. "
        "Run `kedro run --pipelines svm --params 'svm.C=10,svm.sizes=[74]'` "
        "so that all agree."
    ]


def test_a_changed_file_of_parameters_is_noticed_without_runtime_parameters():
    project = Project().run("svm").run("svm", only=OWN[1:], conf={"svm": {"C": 10.0}})

    assert warn(project, "svm") == [
        "`svm.validate` ran with svm.C=1; `svm.fit` ran with svm.C=10. "
        "Run `kedro run --pipelines svm --params svm.C=10` so that all agree."
    ]


def test_equal_numbers_of_other_types_agree():
    project = Project().run("svm", svm={"C": 10})
    project.run("svm", only=OWN[1:], conf={"svm": {"C": 10.0}})

    assert warn(project, "svm") == []


def test_a_model_fitted_after_its_predictions_makes_them_stale():
    project = Project().run("svm").run("svm", only=["svm.fit"], svm={"C": 10})

    different, stale = warn(project, "svm")

    assert different.startswith("`svm.validate` ran with svm.C=1; `svm.fit` ran with")
    assert stale == (
        "`svm.model` was made again with other settings or data after `svm.predict` "
        "had read the older version; run `kedro run --pipelines svm --params svm.C=10` "
        "again."
    )


def test_data_of_another_seed_make_the_other_method_stale():
    project = Project().run(*METHODS).run("svm", seed=1)

    assert warn(project, "svm") == []
    assert warn(project, "cnn") == [
        "`table` was made again with other settings or data after `cnn.validate`, "
        "`cnn.fit` and `cnn.score` had read the older version; "
        "run `kedro run --pipelines cnn --params seed=1` again."
    ]


def test_many_nodes_are_counted():
    project = Project().run("svm").run("svm", only=["svm.predict", "svm.score"], seed=1)

    assert warn(project, "svm") == [
        "`prepare.check`, `prepare.split`, `svm.validate` and 1 more ran with "
        "seed=666; `svm.predict` ran with seed=1. "
        "Run `kedro run --pipelines svm --params seed=666` so that all agree."
    ]


def test_following_the_advice_ends():
    project = Project().run(*METHODS).run("svm", seed=1)
    assert advise("cnn", project.record) == "kedro run --pipelines cnn --params seed=1"

    project.run("cnn", seed=1)

    assert warn(project, "cnn") == []
    assert warn(project, "svm") == []


def test_other_raw_faces_are_noticed_by_their_hash():
    project = Project().run("svm", raw="aaa").run("cnn", raw="bbb")

    check_raw_faces("cnn", project.record)
    with pytest.raises(StaleResultsError, match="its raw faces are not the present"):
        check_raw_faces("svm", project.record)


def test_a_part_of_a_run_over_swapped_raw_faces_is_noticed():
    project = Project().run("svm", raw="aaa")
    project.run("svm", only=[*DATA, "svm.score"], raw="bbb")

    with pytest.raises(StaleResultsError, match="its raw faces are not the present"):
        check_raw_faces("svm", project.record)


def test_unknown_raw_faces_are_named():
    project = Project().run("svm", seed=1)
    unknown = (
        "No record says from which raw faces these results were made; "
        "run `kedro run --pipelines cnn --params seed=1` to make them again."
    )

    assert warn(project, "cnn") == [unknown]
    check_raw_faces("cnn", project.record)
    without = describe_provenance(["cnn"], start_record())["cnn"]
    assert without == {
        "runs": [],
        "parameters": {},
        "warnings": [unknown.replace(" --params seed=1", "")],
    }

    project = Project().run("svm", only=OWN)
    assert "No record says from which raw faces" in warn(project, "svm")[0]


def test_the_names_of_the_data_nodes_do_not_matter():
    project = Project().run("svm", seed=1)
    text = {"prepare.check": "other.read", "prepare.split": "other.cut"}
    nodes = {text.get(n, n): node for n, node in project.record["nodes"].items()}

    record = project.record | {"nodes": nodes}

    assert advise("cnn", record) == "kedro run --pipelines cnn --params seed=1"
    assert describe_provenance(["svm"], record)["svm"]["warnings"] == []

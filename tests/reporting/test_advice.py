from recorded_project import Project

from lfw17_kedro.lineage.run_record import start_record
from lfw17_kedro.reporting.advice import advise


def test_advice_repeats_how_the_present_data_were_prepared():
    project = Project().run("svm", seed=1, env="kaggle", prepare={"fraction": 0.5})

    assert advise("cnn", project.record) == (
        "kedro run --pipelines cnn --env kaggle --params prepare.fraction=0.5,seed=1"
    )
    assert advise("cnn", start_record()) == "kedro run --pipelines cnn"


def test_advice_keeps_a_folder_that_only_the_catalog_reads():
    project = Project().run("svm", raw_folder="my faces", reporting={"max_faces": 3})

    assert advise("cnn", project.record) == (
        "kedro run --pipelines cnn --params 'raw_folder=my faces'"
    )
    project.run("svm")
    assert advise("cnn", project.record) == "kedro run --pipelines cnn"


def test_advice_keeps_the_folder_of_settings_of_the_latest_run():
    project = Project().run("svm").run("cnn", conf_source="my conf")

    assert advise("svm", project.record) == (
        "kedro run --pipelines svm --conf-source 'my conf'"
    )


def test_advice_keeps_the_settings_of_its_own_method_alone():
    project = Project().run("svm", svm={"C": 10}).run("cnn", cnn={"epochs": 3})

    assert advise("svm", project.record) == (
        "kedro run --pipelines svm --params svm.C=10"
    )
    assert advise("cnn", project.record) == (
        "kedro run --pipelines cnn --params cnn.epochs=3"
    )


def test_advice_drops_settings_that_a_later_run_of_the_method_was_not_given():
    project = Project().run("svm", svm={"C": 10})
    project.run("svm", only=["svm.fit"])

    assert advise("svm", project.record) == "kedro run --pipelines svm"


def test_advice_never_gives_what_the_command_line_cannot_hold():
    project = Project().run("svm", seed=1, svm={"sizes": [1, 2]})

    assert advise("svm", project.record) == "kedro run --pipelines svm --params seed=1"


def test_advice_takes_the_latest_value_of_each_parameter():
    project = Project().run("svm", seed=1)
    project.run("svm", only=["prepare.split"])  # seed 666 again, from the files

    assert advise("cnn", project.record) == (
        "kedro run --pipelines cnn --params seed=666"
    )

import pytest
from benchmarks.conf import check_settings, load_parameters, make_loader

from lfw17_kedro.parameters import ParameterError

pytestmark = pytest.mark.filterwarnings(r"ignore:\s*register_new_resolver\(\) is depr")


@pytest.fixture
def folder(tmp_path):
    """A configuration whose environment `own` changes one of two nested parameters."""
    texts = {"base": "svm: {C: 1, kernel: linear}", "own": "svm: {C: 2}"}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "parameters.yml").write_text(text)
    return tmp_path


def test_an_environment_and_changes_replace_only_what_they_name(folder):
    of_environment = make_loader("own", folder=folder)["parameters"]
    changed = make_loader("own", ["svm.C=3"], folder)["parameters"]

    assert of_environment == {"svm": {"C": 2, "kernel": "linear"}}
    assert changed == {"svm": {"C": 3, "kernel": "linear"}}


def test_settings_are_checked():
    parameters = load_parameters("base")

    assert (
        check_settings(parameters)["facenet_svm"].svm.C
        == (parameters["facenet_svm"]["svm"]["C"])
    )
    with pytest.raises(ParameterError, match="sede: there is no parameter"):
        check_settings({**parameters, "sede": 1})

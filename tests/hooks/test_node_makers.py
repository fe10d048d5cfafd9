import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from lfw17_kedro.datasets import RawFacesDataset, StoredDataset
from lfw17_kedro.hooks.node_makers import (
    find_shared_files,
    find_unavailable,
    find_unused,
    list_makers,
    sort_nodes,
)


def make_node(name, inputs, outputs):
    return Node(lambda *inputs: inputs, inputs, outputs, name=name)


SPLIT = make_node("split", ["raw", "params:seed"], ["table", "photos@files"])
FIT = make_node("fit", ["table", "photos@arrays"], "model")
SCORE = make_node("score", ["model", "table"], "metrics")


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """Register a pipeline of all nodes, and nothing else."""
    registered = {"__default__": Pipeline([SPLIT, FIT, SCORE])}
    monkeypatch.setattr("kedro.framework.project.pipelines", registered)


def test_makers_are_nodes_of_the_run_or_else_of_any_pipeline():
    own = make_node("refit", ["table"], "model")

    makers = list_makers(Pipeline([own]))

    assert makers == {"table": SPLIT, "photos": SPLIT, "model": own, "metrics": SCORE}


def test_nodes_come_after_those_that_they_depend_on():
    makers = list_makers(Pipeline([]))

    assert list(sort_nodes(["metrics"], makers)) == [SPLIT, FIT, SCORE]
    assert list(sort_nodes(["photos", "model"], makers)) == [SPLIT, FIT]
    assert list(sort_nodes(["metrics"], makers | {"model": SCORE})) == [SPLIT, SCORE]
    assert list(sort_nodes(["raw"], makers)) == []


def test_inputs_that_the_catalog_does_not_have_are_named():
    catalog = DataCatalog({"table": MemoryDataset(1)})

    assert find_unavailable(Pipeline([SCORE]), catalog) == [
        "expected model in the catalog of this environment, found no such entry; enrol "
        "and identify run with `--env people`."
    ]


def test_inputs_that_were_in_memory_alone_are_named_with_their_node():
    catalog = DataCatalog({"table": MemoryDataset(1), "model": MemoryDataset()})

    assert find_unavailable(Pipeline([SCORE]), catalog) == [
        "model: kept in memory alone, so nothing is left of an earlier run; let the "
        "run make it with fit, or leave out --nodes, --from-nodes and the like."
    ]
    catalog["model"] = MemoryDataset(2)
    assert find_unavailable(Pipeline([SCORE]), catalog) == []


@pytest.mark.parametrize(
    ("name", "is_unused"),
    [
        ("svm.C", False),
        ("svm.kernel.gamma", False),
        ("svm", False),
        ("seed.of.split", False),  # of what the run reads
        ("network.epochs", True),
        ("sv.C", True),
        ("svm.kern", True),
    ],
)
def test_parameters_that_no_node_depends_on_are_named(name, is_unused):
    inputs = ["table", "params:svm.C", "params:svm.kernel"]
    fit = make_node("fit_svm", inputs, "svm_model")

    assert find_unused(Pipeline([fit]), [name]) == [name] * is_unused


@pytest.fixture
def shared_file(monkeypatch):
    """Two pipelines: one makes crops, the other reads their file as raw faces."""
    cut = make_node("people.cut_crops", ["photos"], "crops")
    check = make_node("check", ["raw_faces"], "faces")
    registered = {
        "enrol": Pipeline([cut]),
        "facenet_svm": Pipeline([check]),
        "reporting": Pipeline([make_node("report", ["faces"], "page")]),
    }
    monkeypatch.setattr("kedro.framework.project.pipelines", registered)
    crops = StoredDataset(
        dataset="lfw17_kedro.datasets.RawFacesDataset", filepath="data/crops.npz"
    )
    raw_faces = RawFacesDataset(filepath="data/crops.npz")
    catalog = DataCatalog(
        {"crops": crops, "raw_faces": raw_faces, "photos": MemoryDataset(1)}
    )
    return registered, catalog


def test_a_file_that_is_read_and_written_under_two_names_needs_two_runs(shared_file):
    registered, catalog = shared_file
    names = ["enrol", "facenet_svm", "reporting"]
    both = sum(registered.values(), Pipeline([]))
    start = (
        "raw_faces is data/crops.npz, which people.cut_crops of this run writes: "
        "expected one run after the other, got both in one, which would read the file "
        "of an earlier run; "
    )

    assert find_shared_files(both, catalog, {"pipeline_names": names, "env": "x"}) == [
        f"{start}run `kedro run --pipelines enrol --env x`, then `kedro run "
        "--pipelines facenet_svm,reporting --env x`."
    ]
    assert find_shared_files(both, catalog, {"env": "x"}) == [
        f"{start}make crops first, in a run of its own."
    ]


def test_runs_that_read_or_write_a_file_are_allowed(shared_file):
    registered, catalog = shared_file

    for one in registered.values():
        assert find_shared_files(one, catalog, {}) == []

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from lfw17_kedro.hooks.node_makers import find_unavailable, list_makers, sort_nodes


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

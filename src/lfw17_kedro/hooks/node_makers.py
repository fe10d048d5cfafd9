"""Which node makes a dataset, and which a run could not read as it should."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lfw17_kedro.hooks.node_calls import (
    PARAMETER,
    RECORD,
    list_datasets,
    strip_transcoding,
)
from lfw17_kedro.lineage.command import write_command
from lfw17_kedro.messages import join_names


def find_unavailable(pipeline: Pipeline, catalog: DataCatalog) -> list[str]:
    """Say which inputs of a run can come from nowhere, and what to run instead.

    Args:
        pipeline: of the run.
        catalog: of the run.

    Returns:
        One sentence, or none.
    """
    names = sorted(pipeline.inputs() - {RECORD})
    unknown = [name for name in names if name not in catalog]
    if unknown:
        return [
            f"expected {join_names(unknown)} in the catalog of this environment, found "
            "no such entry; enrol and identify run with `--env people`."
        ]
    lost = [
        name
        for name in names
        if isinstance(dataset := catalog.get(name), MemoryDataset)
        and not dataset.exists()
    ]
    if not lost:
        return []
    makers = list_makers(pipeline)
    nodes = join_names(sorted({makers[one].name for one in lost if one in makers}))
    return [
        f"{join_names(lost)}: kept in memory alone, so nothing is left of an earlier "
        f"run; let the run make it with {nodes or 'the node before'}, or leave out "
        "--nodes, --from-nodes and the like."
    ]


def find_unused(pipeline: Pipeline, names: Iterable[str]) -> list[str]:
    """Give the parameters on which no node of a run depends, nor what it reads.

    Args:
        pipeline: of the run.
        names: of parameters in groups, such as `facenet_svm.svm.C`.
    """
    # Not above: `kedro --help` need not import the settings.
    from lfw17_kedro.unread_parameters import lies_in

    nodes = [*pipeline.nodes, *sort_nodes(pipeline.inputs(), list_makers(pipeline))]
    read = {
        name.removeprefix(PARAMETER)
        for node in nodes
        for name in node.inputs
        if name.startswith(PARAMETER)
    }
    return [
        name
        for name in names
        if not any(lies_in(name, one) or lies_in(one, name) for one in read)
    ]


def find_shared_files(
    pipeline: Pipeline, catalog: DataCatalog, run_params: Mapping[str, Any]
) -> list[str]:
    """Say which inputs of a run are files that a node of the same run writes.

    Kedro orders nodes by the names of their datasets. Where the file has another name
    as an input, it may be read before it is written.

    Args:
        pipeline: of the run.
        catalog: of the run.
        run_params: of the command, for `write_command`.

    Returns:
        One sentence for each.
    """
    writers = {
        file: (name, node)
        for node in pipeline.nodes
        for name in node.outputs
        if (file := _find_file(catalog, name))
    }
    return [
        f"{name} is {file}, which {writers[file][1].name} of this run writes: expected "
        "one run after the other, got both in one, which would read the file of an "
        f"earlier run; {_advise_two_runs(writers[file][0], run_params)}."
        for name in sorted(list_datasets(pipeline.inputs()))
        if (file := _find_file(catalog, name)) in writers
    ]


def _find_file(catalog: DataCatalog, name: str) -> str:
    """Give the file of a dataset, "" where it has none."""
    dataset = catalog.get(name) if name in catalog else None
    return "" if dataset is None else str(dataset._describe().get("filepath") or "")


def _advise_two_runs(made: str, run_params: Mapping[str, Any]) -> str:
    """Give the commands of the run that makes a dataset and of the one after it."""
    from kedro.framework.project import pipelines

    names = [*(run_params.get("pipeline_names") or [])]
    first = [name for name in names if made in pipelines[name].all_outputs()]
    then = [name for name in names if name not in first]
    if not first or not then:
        return f"make {made} first, in a run of its own"
    commands = [
        write_command({**run_params, "pipeline_names": own}) for own in (first, then)
    ]
    return f"run `{commands[0]}`, then `{commands[1]}`"


def list_makers(pipeline: Pipeline) -> dict[str, Node]:
    """Give the node that makes each dataset: of this run, else of any pipeline.

    Args:
        pipeline: of the run.

    Returns:
        Dataset, without its transcoding -> node.
    """
    from kedro.framework.project import pipelines

    makers: dict[str, Node] = {}
    for one in (pipeline, *pipelines.values()):
        for node in one.nodes:
            for name in node.outputs:
                makers.setdefault(strip_transcoding(name), node)
    return makers


def sort_nodes(wanted: Iterable[str], makers: dict[str, Node]) -> Iterator[Node]:
    """Give the nodes that datasets depend on, each after those it depends on.

    Args:
        wanted: the datasets.
        makers: of `list_makers`; what nobody makes is not followed back.
    """
    done: set[str] = set()

    def visit(name: str) -> Iterator[Node]:
        node = makers.get(name)
        if node is None or node.name in done:
            return
        done.add(node.name)
        for one in list_datasets(node.inputs):
            yield from visit(strip_transcoding(one))
        yield node

    for name in sorted(wanted):
        yield from visit(name)

"""Compare the artifacts of earlier runs with what this run would make."""

import logging
from collections.abc import Iterable
from typing import Any

from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lfw17_kedro.datasets.artifact_record import ArtifactVersion
from lfw17_kedro.datasets.stored_dataset import MissingArtifactError
from lfw17_kedro.hooks.node_calls import (
    PARAMETER,
    RECORD,
    describe_call,
    find_stored,
    hash_outside,
    is_from_outside,
    is_left_out,
    list_datasets,
    parse_origin,
    read_origin,
    strip_transcoding,
)
from lfw17_kedro.hooks.node_makers import list_makers, sort_nodes
from lfw17_kedro.lineage.command import write_command
from lfw17_kedro.lineage.origin import (
    NodeCall,
    Origin,
    expect_origins,
    explain_differences,
)
from lfw17_kedro.messages import join_names
from lfw17_kedro.pipelines.reporting.pipeline import COMPARES_RUNS

logger = logging.getLogger(__name__)


class InputCheck:
    """Compares the artifacts of earlier runs with what this run would make."""

    def __init__(
        self, pipeline: Pipeline, catalog: DataCatalog, run_params: dict[str, Any]
    ) -> None:
        """Remember the run.

        Args:
            pipeline: of the run.
            catalog: of the run.
            run_params: of the command that makes its outputs again, for
                `write_command`.
        """
        self._pipeline, self._catalog = pipeline, catalog
        self._makers = list_makers(pipeline)
        read = [name for name in pipeline.inputs() if name != RECORD]
        self._read = {
            strip_transcoding(name): dataset
            for name in sorted(read)
            if (dataset := find_stored(catalog, name)) is not None
        }
        self._compared = self._read.keys() - {
            strip_transcoding(name)
            for node in pipeline.nodes
            if COMPARES_RUNS not in node.tags
            for name in node.inputs
        }
        # The methods' own results (`<method>.<dataset>`): the report checks those.
        self._results = {name for name in self._compared if "." in name}
        self._versions: dict[str, ArtifactVersion] = {}
        self._command = self._write_command(run_params)

    def find_damaged(self) -> list[str]:
        """Say which artifacts that the run reads are missing or damaged."""
        problems, missing = [], []
        for name in sorted(self._read.keys() - self._results):
            dataset = self._read[name]
            try:
                version = dataset.check(self._command)
            except MissingArtifactError:
                missing.append(name)
            except DatasetError as error:
                problems.append(str(error))
            else:
                if version is not None:
                    self._versions[name] = version
        if missing:
            problems.append(
                f"{join_names(missing)}: expected artifacts of an earlier run, found "
                f"none; run `{self._command}` to make them."
            )
        return problems

    def find_stale(self) -> list[str]:
        """Say which artifacts are not what this run would make, and why.

        Those that are only compared may be of any run, but of one. Call `find_damaged`
        first.
        """
        mixed = self._find_mixed()
        recorded = {
            name: parse_origin(version.origin)
            for name, version in self._versions.items()
            if name not in self._compared
        }
        if mixed or not recorded:
            return mixed
        expected = self._expect(recorded, recorded, {})
        stale = [
            name
            for name, origin in sorted(recorded.items())
            if name in expected
            and (origin is None or origin.fingerprint != expected[name].fingerprint)
        ]
        everything = recorded | self._read_origins(expected.keys() - recorded.keys())
        return [
            f"{cause}; run `{self._command}` to make what is missing or stale again, "
            "or use it as it is with `--params runs.stale_inputs=warn`."
            for cause in explain_differences(stale, everything, expected)
        ]

    def expect_outputs(self) -> None:
        """Tell each output which fingerprint it must have to be up to date.

        It is the one that a full run would give it, which takes its inputs as they are.
        """
        taken = {name: read_origin(dataset) for name, dataset in self._read.items()}
        outputs = self._pipeline.all_outputs()
        expected = self._expect(map(strip_transcoding, outputs), taken, taken)
        for name in outputs:
            dataset = find_stored(self._catalog, name)
            if dataset is not None:
                dataset.expect(expected[strip_transcoding(name)].fingerprint)

    def _write_command(self, run_params: dict[str, Any]) -> str:
        """Write the command that makes what the run reads.

        Where the run's own pipelines do not make all of that, it is `kedro run` for
        all pipelines.
        """
        from kedro.framework.project import pipelines

        names = set(run_params.get("pipeline_names") or []) & pipelines.keys()
        made = {one for name in names for one in pipelines[name].all_outputs()}
        if self._read.keys() - self._results - set(map(strip_transcoding, made)):
            run_params = run_params | {"pipeline_names": None}
        return write_command(run_params)

    def _find_mixed(self) -> list[str]:
        """Say which data to compare results on do not come from one run."""
        shared = self._compared - self._results
        origins = self._read_origins(shared)
        return [
            f"{name} was not made from the present {one}; run `{self._command}` to "
            "make what is missing or stale again."
            for name, origin in sorted(origins.items())
            for one in shared & (origin.inputs.keys() if origin else set())
            if (other := origins[one]) and origin
            if origin.inputs[one] != other.fingerprint
        ]

    def _expect(
        self,
        wanted: Iterable[str],
        recorded: dict[str, Origin | None],
        taken: dict[str, Origin | None],
    ) -> dict[str, Origin]:
        """Give the origin that artifacts must have.

        Args:
            wanted: the artifacts.
            recorded: origins that say what came from outside, should it be gone.
            taken: origins of what is taken as it is, whatever would make it now.
        """
        makers = {k: v for k, v in self._makers.items() if k not in taken}
        nodes = list(sort_nodes(wanted, makers))
        outside = {
            name
            for node in nodes
            for name in list_datasets(node.inputs)
            if strip_transcoding(name) not in self._makers
        }
        hashes = self._hash_outside(outside, recorded)
        calls = [
            describe_call(node, self._catalog, self._load_parameters(node))
            for node in nodes
        ]
        return expect_origins(calls, hashes, taken, self._find_left_out(calls))

    def _find_left_out(self, calls: Iterable[NodeCall]) -> dict[str, set[str]]:
        """Find the optional inputs that nodes did without and that still do not exist.

        An ensemble, for example, is made of the methods that were run. It is stale when
        another one has been run since, not before.
        """
        made = set(map(strip_transcoding, self._pipeline.all_outputs()))
        left_out: dict[str, set[str]] = {}
        for call in calls:
            missing = {
                name
                for name in call.inputs
                if name not in made and is_left_out(self._catalog, name)
            }
            origins = self._read_origins(call.outputs if missing else ())
            left_out[call.node] = {
                name
                for name in missing
                for origin in origins.values()
                if origin and origin.inputs.get(name, "unknown") is None
            }
        return left_out

    def _load_parameters(self, node: Node) -> dict[str, Any]:
        """Load the parameters of a node."""
        return {
            name: self._catalog.load(name)
            for name in node.inputs
            if name == "parameters" or name.startswith(PARAMETER)
        }

    def _hash_outside(
        self, names: Iterable[str], recorded: dict[str, Origin | None]
    ) -> dict[str, str]:
        """Hash what comes from outside the project.

        Where it cannot be read, the artifacts must agree on what it was.
        """
        hashes = {}
        for name in sorted(set(names) - {RECORD}):
            try:
                data = self._catalog.load(name)
            except DatasetError as error:
                known = {
                    one
                    for origin in recorded.values()
                    if origin
                    for one in origin.data.get(name, [])
                }
                if len(known) != 1:
                    raise
                logger.warning(
                    "%s cannot be read, so it is not known whether the earlier "
                    "results were made from it: %s",
                    name,
                    error,
                )
                hashes[name] = known.pop()
                continue
            if is_from_outside(data):
                hashes[name] = hash_outside(data)
        return hashes

    def _read_origins(self, names: Iterable[str]) -> dict[str, Origin | None]:
        """Read the origins of artifacts on the way to those that the run reads."""
        stored = {name: find_stored(self._catalog, name) for name in names}
        return {name: read_origin(one) for name, one in stored.items() if one}

"""Check all parameters before anything else of a run happens."""

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click import ClickException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from lfw17_kedro.hooks.conf_files import find_misnamed, find_slips, load_section
from lfw17_kedro.hooks.node_makers import find_unused
from lfw17_kedro.hooks.run_options import read_command_line
from lfw17_kedro.lineage.command import write_value
from lfw17_kedro.messages import join_names, one_line
from lfw17_kedro.photos.readers import find_local, has_password, is_url

if TYPE_CHECKING:
    from lfw17_kedro.parameters import FolderParameter

logger = logging.getLogger(__name__)

OF_HOOKS = ("runs",)  # groups of parameters that no node reads
SOURCE = "source"  # in an environment's globals.yml
FOLDER_NAME = re.compile(r"\w(?:[\w.-]{0,62}\w)?")
ALLOWED = "allowed_runtime_parameters"  # in an environment's globals.yml
UNWRITABLE = ("memory://", "http://", "https://")
SHELL = re.compile(r"~|\$|[A-Za-z][\w+.-]+:/(?!/)")  # and URLs that lack a slash
FILEPATH = "filepath"  # of a dataset; where the folder is read it is the parameter


class ParameterHooks:
    """Refuses wrong parameters within the first seconds, and gives the nodes settings.

    Kedro validates typed parameters itself, but only those of the requested pipelines:
    a mistyped `facenet_smv.svm.C` belongs to none and would be ignored, and an error
    does not name the nearest right parameter. So this hook checks all of them. It then
    puts the settings in the place of the plain parameters, so that a node's
    `params:scratch_cnn` is a `ScratchCnnSettings` and `params:facenet_svm.svm.C` is
    still the number.
    """

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check the parameters of files and command line, then replace them.

        Raises:
            ClickException: one line for each wrong parameter, parameter of the command
                line that nothing reads, unreadable or misnamed file or mistyped entry
                of the catalog, or `--load-versions` without versions; a command ends
                with this message and a non-zero exit code, without a traceback.
        """
        from lfw17_kedro.parameters import (
            ParameterError,
            check_parameters,
            make_parameters_model,
        )
        from lfw17_kedro.unread_parameters import find_unread

        loader = context.config_loader
        try:
            given = load_section(loader, "parameters")
            entries = load_section(loader, "catalog")
        except ValueError as error:
            raise ClickException(str(error)) from None
        slips = find_misnamed(loader) + find_slips(entries, list_datasets())
        if slips:
            raise ClickException("\n".join(slips))
        _check_versions(entries)
        # Not above: `kedro --help` need not import the methods.
        from lfw17_kedro.pipeline_registry import load_method_settings

        typed = loader.runtime_params or {}
        try:
            model = make_parameters_model(load_method_settings())
            checked = check_parameters(model, given)
            causes = find_unread(checked, typed)
        except ParameterError as error:
            causes = str(error).splitlines()
        causes += check_folders(given, entries, typed, context.project_path)
        causes += _check_source(loader)
        wrong = {cause.partition(":")[0] for cause in causes}
        causes = [*_check_allowed(context, wrong), *causes]
        if causes:
            listed = "\n".join(f"  {cause}" for cause in causes)
            raise ClickException(f"some parameters are wrong:\n{listed}")
        loader["parameters"] = checked

    @hook_impl
    def before_pipeline_run(
        self, pipeline: Pipeline, run_params: dict[str, Any]
    ) -> None:
        """Warn of parameters of the command line that change nothing in this run.

        They are no error: of several commands all may have the same parameters.
        """
        from lfw17_kedro.parameters import list_names

        typed = list_names(run_params.get("runtime_params") or {})
        grouped = [
            name for name in typed if "." in name and name.split(".")[0] not in OF_HOOKS
        ]
        if grouped and (unused := find_unused(pipeline, grouped)):
            logger.warning(
                "%s: nothing in this run depends on %s.",
                join_names(unused),
                "it" if len(unused) == 1 else "them",
            )


def list_datasets() -> set[str]:
    """List the datasets of all pipelines."""
    from lfw17_kedro.pipeline_registry import register_pipelines

    return {
        dataset
        for pipeline in register_pipelines().values()
        for dataset in pipeline.datasets()
    }


def _check_versions(entries: Mapping[str, Any]) -> None:
    """Refuse `--load-versions` where Kedro would ignore it.

    Args:
        entries: of the catalog.

    Raises:
        ClickException: no dataset of the catalog has versions.
    """
    versioned = any(
        isinstance(entry, Mapping) and entry.get("versioned")
        for entry in entries.values()
    )
    if read_command_line().get("load_versions") and not versioned:
        raise ClickException(
            "--load-versions: expected versions of datasets, but no dataset of this "
            "catalog has any; leave the option out."
        )


def _check_allowed(context: KedroContext, wrong: set[str]) -> list[str]:
    """Say which parameters an environment does not let the command line change.

    Args:
        context: of the run.
        wrong: names that are refused already.
    """
    from lfw17_kedro.parameters import list_names

    allowed = context.config_loader["globals"].get(ALLOWED)
    given = context.config_loader.runtime_params or {}
    if allowed is None:
        return []
    return [
        f"{name}: the environment {context.env} is a fixed method, so --params may "
        f"only change {', '.join(allowed)}; `--env kaggle` takes any parameter."
        for name in list_names(given)
        if name not in {*allowed, *wrong}
    ]


def _check_source(loader: Mapping[str, Any]) -> list[str]:
    """Say where the name of the source would name folders that are not its own."""
    source = loader["globals"].get(SOURCE)
    if isinstance(source, str) and FOLDER_NAME.fullmatch(source):
        return []
    return [
        f"{SOURCE}: expected the name of a folder in a globals.yml (letters, digits, "
        f"and . _ - between them), got {one_line(source)}; it names the folders of "
        "this source in data/."
    ]


def check_folders(
    given: Mapping[str, Any],
    entries: Mapping[str, Any],
    typed: Iterable[str],
    project: Path,
) -> list[str]:
    """Say where a folder of the user's files would be ignored, or is none.

    Args:
        given: all parameters, as Kedro merged them.
        entries: of the catalog. Kedro reads its files again at every look.
        typed: names of the parameters of the command line.
        project: folder of the project.
    """
    from lfw17_kedro.parameters import FOLDERS

    return [
        cause
        for name, folder in FOLDERS.items()
        if name in typed or given.get(name) is not None
        for cause in _check_folder(
            name,
            given.get(name),
            folder,
            entries.get(folder.dataset, {}),
            project,
            is_typed=name in typed,
        )
    ]


def _check_folder(
    name: str,
    value: Any,
    folder: "FolderParameter",
    source: Mapping[str, Any],
    project: Path,
    *,
    is_typed: bool,
) -> list[str]:
    """Say where one of these folders would be ignored, or is none.

    Args:
        name: of the parameter.
        value: of the parameter.
        folder: what the parameter names.
        source: entry of the catalog that should read the folder.
        project: folder of the project.
        is_typed: whether the parameter is of the command line.
    """
    if FILEPATH not in source or (is_typed and value and source[FILEPATH] != value):
        return [
            f"{name}: {folder.dataset} of this environment does not come from a folder "
            f"of yours; add {folder.environments}, or leave it out."
        ]
    if not is_typed:
        return [
            f"{name}: expected on the command line, `--params {name}=FOLDER`, got it "
            "in a file of parameters, where nothing reads it; to write it in a file, "
            f"set the folder of {folder.dataset} in a catalog.yml."
        ]
    if value is None or value == "":
        return [
            f"{name}: expected the path of a folder, got {write_value(value)}; "
            f"write `--params {name}=FOLDER`, or leave it out to read the folder "
            "of the catalog."
        ]
    return [] if name == "raw_folder" else _check_place(name, str(value), project)


def _check_place(name: str, value: str, project: Path) -> list[str]:
    """Say where a folder is not there, or a URL holds a password or cannot be opened.

    The dataset of the raw files says so itself; photos of a missing folder are none.
    The folder of scans is made.
    """
    is_scan, local = name == "scan_folder", find_local(value)
    if local is None:  # whether something is there shows when the run lists it
        problem = _find_url_problem(value, is_written=is_scan)
    else:
        path = str(local) if is_url(value) else value
        problem = _find_path_problem(path, project, is_made=is_scan)
    return [f"{name}: {problem}"] if problem else []


def _find_url_problem(value: str, *, is_written: bool) -> str:
    """Say why a URL cannot be used, "" if nothing stands against it."""
    from lfw17_kedro.datasets.remote_folder import HELP, explain_protocol

    if has_password(value):  # logs and run records show the URL
        return (
            "expected a URL without a password, got one with a password (not shown "
            f"here); write credentials into a file or the environment: {HELP}."
        )
    if is_written and value.startswith(UNWRITABLE):
        return (
            "expected a folder or an object store that keeps what is written, got "
            f"{one_line(value)}; name a folder, or s3://bucket/folder."
        )
    return explain_protocol(value)


def _find_path_problem(value: str, project: Path, *, is_made: bool) -> str:
    """Say why a path cannot be used, "" if nothing stands against it."""
    if SHELL.match(value):  # nothing replaces these on the way here
        return (
            f"expected a path or a URL, got {one_line(value)}, which begins as "
            "neither; write the whole path, and :// in a URL."
        )
    folder, found = project / value, "none"
    try:
        if folder.is_dir() or (is_made and not folder.exists()):
            return ""
        found = "a file" if folder.exists() else "none"
    except OSError as error:  # for example, the name is too long
        found = one_line(error.strerror or error)
    return (
        f"expected a folder at {folder}, found {found}; correct the path, or leave it "
        "out to use the folder of the catalog."
    )

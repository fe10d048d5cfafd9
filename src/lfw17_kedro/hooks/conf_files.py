"""Say which file of `conf/` cannot be used, and why."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException

from lfw17_kedro.messages import describe_error, one_line

LIKE = 0.9  # so alike that a name is a slip of the keyboard, not the user's own
LIKE_FILE = 0.8  # the same for names of files: params.yml, catalogue.yml
LIKE_SUFFIX = 0.7
LOADED = (".yml", ".yaml", ".json")
SECTIONS = ("parameters", "catalog", "credentials", "globals")


def load_section(loader: Any, section: str) -> dict[str, Any]:
    """Load all files of a section.

    Args:
        loader: Kedro's configuration loader.
        section: as in `loader.config_patterns`: "parameters", "catalog".

    Raises:
        ValueError: the environment has no folder, or a file is not a YAML file of
            names and values; with the file and the line.
    """
    try:
        loaded: dict[str, Any] = loader[section]
    except MissingConfigException:
        env = _name_environment(loader)
        known = _list_environments(loader)
        if env in known:
            raise
        raise ValueError(
            f"--env {env}: expected one of {', '.join(known)}, or make a folder "
            f"{Path(loader.conf_source, env)}."
        ) from None
    except Exception as error:
        from omegaconf.errors import OmegaConfBaseException

        if problems := _find_problems(loader, section):
            raise ValueError("\n".join(problems)) from None
        if isinstance(error, OmegaConfBaseException):  # ${...} that leads nowhere
            raise ValueError(
                f"{section}: expected values that can be resolved, got: "
                f"{one_line(error)}; correct what refers to others by ${{...}} in "
                f"{loader.conf_source}."
            ) from None
        raise
    return loaded


def find_slips(entries: Iterable[str], known: Iterable[str]) -> list[str]:
    """Say which entries of the catalog nothing uses because of a slip in the name.

    Other entries that no pipeline uses are the user's own.

    Args:
        entries: names of all entries of the catalog.
        known: datasets of all pipelines.
    """
    known = set(known)
    return [
        f"{entry}, in a catalog.yml: no pipeline has a dataset of this name; did you "
        f"mean {nearest[0]}?"
        for entry in entries
        if entry not in known
        and not entry.startswith("_")
        and "{" not in entry
        and (nearest := get_close_matches(entry, sorted(known), n=1, cutoff=LIKE))
    ]


def find_misnamed(loader: Any) -> list[str]:
    """Say which files of the configuration nothing reads because of their names.

    Kedro ignores a `parametrs.yml` in silence. Other files that Kedro does not read
    are the user's own.

    Args:
        loader: Kedro's configuration loader.
    """
    conf = Path(loader.conf_source)
    folders = [conf / env for env in (loader.base_env, _name_environment(loader))]
    loaded = {
        path
        for folder in folders
        for patterns in loader.config_patterns.values()
        for path in _list_loaded(folder, patterns)
    }
    names = {f"{section}.yml" for section in SECTIONS} | {p.name for p in loaded}
    problems = []
    for file in sorted(p for folder in {*folders} for p in folder.rglob("*")):
        if file in loaded or not file.is_file() or not _is_meant(file):
            continue
        if nearest := get_close_matches(file.name, sorted(names), 1, LIKE_FILE):
            problems.append(
                f"{file}: nothing reads a file of this name; rename it to "
                f"{nearest[0]}, or remove it."
            )
    outside = (path for s in SECTIONS for path in sorted(conf.glob(f"{s}*")))
    problems += [
        f"{file}: nothing reads this file here; move it to {conf / 'local'}, or remove "
        "it."
        for file in outside
        if file.suffix in LOADED
    ]
    return problems


def _list_loaded(folder: Path, patterns: Iterable[str]) -> set[Path]:
    """List the files of a folder that Kedro loads.

    Args:
        folder: of an environment.
        patterns: of Kedro. Where one ends with `**`, pathlib gives no files before
            Python 3.13, and Kedro does.
    """
    return {
        path
        for pattern in patterns
        for path in folder.glob(pattern + "/*" * pattern.endswith("**"))
        if path.suffix in LOADED
    }


def _is_meant(file: Path) -> bool:
    """Tell a file that should be read from backups of editors (`parameters.yml~`)."""
    name = file.name.removesuffix(".txt")  # which some editors add
    suffix = Path(name).suffix
    like = get_close_matches(suffix, LOADED, n=1, cutoff=LIKE_SUFFIX)
    return bool(like) and not name.endswith("~")


def _name_environment(loader: Any) -> str:
    """Name the environment of this run."""
    return str(loader.env or loader.default_run_env)


def _list_environments(loader: Any) -> list[str]:
    """List the folders of the configuration that `--env` may name."""
    folders = Path(loader.conf_source).iterdir()
    return sorted(path.name for path in folders if path.is_dir())


def _find_problems(loader: Any, section: str) -> list[str]:
    """Read the files of a section one by one; say what is wrong with each."""
    import yaml
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    # OmegaConf asserts what hostile files break.
    errors = (yaml.YAMLError, OSError, ValueError, RecursionError, AssertionError)
    problems = []
    for env in dict.fromkeys((loader.base_env, _name_environment(loader))):
        folder = Path(loader.conf_source, env)
        for path in sorted(_list_loaded(folder, loader.config_patterns[section])):
            try:
                content = OmegaConf.to_container(OmegaConf.load(path))
            except (*errors, OmegaConfBaseException) as error:
                problems.append(f"{path}: {_describe(error)}")
                continue
            if not isinstance(content, Mapping):
                problems.append(
                    f"{path}: expected names and values (`seed: 666`), got "
                    f"{type(content).__name__}."
                )
    return problems


def _describe(error: Exception) -> str:
    """Say what is wrong and in which line."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"expected YAML, got: {describe_error(error)}"
    problem = one_line(getattr(error, "problem", ""))
    return f"expected YAML, got in line {mark.line + 1}: {problem}."

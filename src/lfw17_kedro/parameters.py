"""Check all parameters of the project at once, and say what to correct.

The model of all parameters is put together from the settings of the pipelines, of each
method among them, so a new method only brings its own settings class.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from lfw17_kedro.compute.settings import ComputeSettings
from lfw17_kedro.messages import one_line
from lfw17_kedro.parameter_types import RunSettings, Seed, Settings
from lfw17_kedro.pipelines.data_processing.settings import DataProcessingSettings
from lfw17_kedro.pipelines.people.settings import PeopleSettings
from lfw17_kedro.pipelines.reporting.settings import ReportingSettings

SIMILAR = 0.6  # difflib's own min similarity of a name worth suggesting
SIMILAR_REST = 0.4  # of what follows the groups that two names have in common
MAX_SUGGESTIONS = 3
MAX_CAUSES = 20  # shown at once: a mistyped group has as many as it has parameters
MAX_SHOWN = 60  # characters of a value that was typed
MAX_TYPED = 200  # characters of a name that others are compared with
UNKNOWN = ("extra_forbidden", "invalid_key")  # pydantic's errors for unknown names

Parameters = dict[str, Any]


class FolderParameter(NamedTuple):
    """A parameter of the command line alone, which names a folder of the user.

    Attributes:
        content: what lies in the folder.
        dataset: that reads the folder.
        environments: that have this dataset.
    """

    content: str
    dataset: str
    environments: str


FOLDERS = {
    "raw_folder": FolderParameter(
        "the raw files", "raw_faces", "`--env kaggle` or `--env study`"
    ),
    "people_folder": FolderParameter(
        "the photos of your people", "people_photos", "`--env people`"
    ),
    "photos_folder": FolderParameter(
        "the photos whose faces are to be named", "photos", "`--env people`"
    ),
    "scan_folder": FolderParameter(
        "what photos showed in earlier runs", "people.scan_store", "`--env people`"
    ),
}


class AllSettings(Settings):
    """The parameters of the project, without the fields of `make_parameters_model`."""

    # Those fields have descriptions. To look for docstrings as well, pydantic would
    # read the source of every caller, at each start of a run.
    model_config = ConfigDict(use_attribute_docstrings=False)


class ParameterError(ValueError):
    """Some parameters are unknown, missing, of another type or out of range."""


def make_parameters_model(methods: Mapping[str, type[BaseModel]]) -> type[Settings]:
    """Make the model of all parameters.

    Args:
        methods: name of each method -> its settings class.
    """
    groups = {
        "data_processing": DataProcessingSettings,
        **methods,
        "reporting": ReportingSettings,
        "people": PeopleSettings,
        "compute": ComputeSettings,
    }
    fields: dict[str, Any] = {
        "seed": Annotated[
            Seed,
            Field(description="Seed of the split, augmentation and training."),
        ],
        "runs": Annotated[RunSettings, Field(description="How runs behave.")],
        **{
            name: Annotated[model, Field(description=f"Parameters of {name}.")]
            for name, model in groups.items()
        },
        **{
            name: (
                Annotated[
                    str | None,
                    Field(
                        description=f"Folder of {folder.content}, from --params alone."
                    ),
                ],
                None,
            )
            for name, folder in FOLDERS.items()
        },
    }
    return create_model("Parameters", __base__=AllSettings, **fields)


def check_parameters(model: type[Settings], raw: Mapping[str, Any]) -> Parameters:
    """Convert the parameters of the project to settings.

    Args:
        model: of `make_parameters_model`.
        raw: all parameters, as Kedro merged them from files and command line.

    Returns:
        Each name of `raw` -> its settings.

    Raises:
        ParameterError: one line for each cause, the first `MAX_CAUSES` at once.
    """
    try:
        checked = model.model_validate(dict(raw))
    except ValidationError as error:
        causes = describe_errors(model, raw, error)
        if (more := len(causes) - MAX_CAUSES) > 0:
            causes[MAX_CAUSES:] = [f"and {more} more."]
        raise ParameterError("\n".join(causes)) from None
    return {name: getattr(checked, name) for name in raw}


def describe_errors(
    model: type[Settings], raw: Mapping[str, Any], error: ValidationError
) -> list[str]:
    """Write one line for each parameter that is wrong.

    Args:
        model: that refused the parameters.
        raw: the parameters.
        error: why.
    """
    schema = model.model_json_schema()
    known = dict(_list_schemas(schema, schema))
    lines = []
    for detail in error.errors(include_url=False):
        path = [*detail["loc"], *detail.get("ctx", {}).get("path", [])]
        if detail["type"] in UNKNOWN:
            for name, got in _list_leaves(_join(path), _look_up(raw, path)):
                lines.append(_describe_unknown(name, got, known))
        else:
            while isinstance(path[-1], int):  # a value of a list counts as the list
                path.pop()
            lines.append(_describe_wrong(path, detail, _look_up(raw, path), known))
    return list(dict.fromkeys(lines))


def list_names(parameters: Mapping[str, Any]) -> list[str]:
    """Give the full name of each single value, such as `facenet_svm.svm.C`."""
    return [
        name
        for key, value in parameters.items()
        for name, _ in _list_leaves(key, value)
    ]


def suggest_names(name: str, known: Iterable[str]) -> list[str]:
    """Give the full names of highest similarity, at most three of equal similarity.

    Args:
        name: as it was typed; its front may be missing (`epochs`, `svm.cots`), or its
            middle (`scratch_cnn.epochs`).
        known: all full names.
    """
    if len(name) > MAX_TYPED:  # difflib takes minutes for names of many thousands
        return []
    typed = name.lower().split(".")
    known = list(known)
    if whole := [one for one in known if _skips_groups(typed, one.lower().split("."))]:
        return whole[:MAX_SUGGESTIONS]
    scores = {}
    for one in known:
        whole = one.lower().split(".")
        # A short name is also compared with the ends of the full names.
        likeness = max(
            _compare_names(typed, end) for end in (whole, whole[-len(typed) :])
        )
        if likeness >= SIMILAR:
            scores[one] = likeness
    best = max(scores.values(), default=0)
    # Of alternatives all are named: that with the shorter name is not the likelier one.
    lasts = {_list_ends(one) for one, score in scores.items() if score == best}
    return [one for one in scores if _list_ends(one) in lasts][:MAX_SUGGESTIONS]


def _list_ends(name: str) -> tuple[int, str, str]:
    """Give what the names of a parameter of several alternatives share."""
    parts = name.split(".")
    return len(parts), parts[0], parts[-1]


def _skips_groups(typed: list[str], known: list[str]) -> bool:
    """Tell whether a name leaves out nothing but groups between its first and last."""
    rest = iter(known)
    return (typed[0], typed[-1]) == (known[0], known[-1]) and all(
        part in rest for part in typed
    )


def _compare_names(typed: list[str], known: list[str]) -> float:
    """Give the likeness of two names, 0-1; 0 where only their groups are alike."""
    lasts = typed[-1], known[-1]
    if difflib.SequenceMatcher(None, *lasts).ratio() < SIMILAR_REST:
        return 0
    pairs = zip(typed, known, strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    rests = ".".join(typed[common:]), ".".join(known[common:])
    if difflib.SequenceMatcher(None, *rests).ratio() < SIMILAR_REST:
        return 0
    return difflib.SequenceMatcher(None, ".".join(typed), ".".join(known)).ratio()


def _join(path: Iterable[int | str]) -> str:
    """Give the full name of a parameter: the names of its groups, places in a list."""
    return ".".join(map(str, path))


def _list_leaves(name: Any, value: Any) -> Iterator[tuple[str, Any]]:
    """Walk through the single values of a parameter and their full names."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _list_leaves(f"{name}.{key}", inner)
    else:
        yield str(name), value


def _list_schemas(
    schema: dict[str, Any], root: dict[str, Any], name: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk through all parameters there are: full name and JSON schema.

    Those of a group in a list have the name of the list, without a place.
    """
    for key, inner in schema.get("properties", {}).items():
        full = f"{name}.{key}" if name else key
        choices = [_resolve(one, root) for one in inner.get("anyOf", [inner])]
        yield full, choices[0] if len(choices) == 1 else {"anyOf": choices}
        for one in choices:
            yield from _list_schemas(one.get("items", one), root, full)


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Follow references to shared parts of a JSON schema, of a list's items too."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return {**root["$defs"][name], **schema}
    if "items" in schema:
        return {**schema, "items": _resolve(schema["items"], root)}
    return schema


def _look_up(raw: Mapping[str, Any], path: Iterable[int | str]) -> Any:
    """Give the value at a path, or None where there is nothing."""
    value: Any = raw
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _describe_unknown(name: str, got: Any, known: Mapping[str, Any]) -> str:
    """Say that nothing has this name, and which names are similar."""
    names = suggest_names(name, known)
    step = (
        f"did you mean {' or '.join(names)}?"
        if names
        else "the files in conf/base list all parameters."
    )
    value = _shorten(got)
    return f"{one_line(name)}: there is no parameter of this name (got {value}); {step}"


def _describe_wrong(
    path: Sequence[int | str],
    detail: ErrorDetails,
    got: Any,
    known: Mapping[str, dict[str, Any]],
) -> str:
    """Write what a parameter must be and what it is."""
    name = _join(path)
    expected = describe_schema(
        known[_join(part for part in path if isinstance(part, str))]
    )
    if detail["type"] == "rule":
        expected = detail["msg"]
    elif detail["type"] == "finite_number":
        expected = expected.replace("a number", "a finite number")
    elif detail["type"] == "missing" and isinstance(detail["loc"][-1], str):
        return f"{name}: expected {expected}, got nothing; add it."
    hint = "; write null, not None" if got == "None" and "null" in expected else ""
    return f"{name}: expected {expected}, got {_shorten(got)}{hint}."


def describe_schema(schema: Mapping[str, Any]) -> str:
    """Say in words which values a JSON schema allows.

    Args:
        schema: of one parameter.
    """
    if "anyOf" in schema:
        return ", or ".join(describe_schema(one) for one in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    if "prefixItems" in schema:
        items = schema["prefixItems"]
        return f"a list of {len(items)} values, each {describe_schema(items[0])}"
    kind = schema.get("type")
    if kind == "array":
        return f"a list of one or more values, each {describe_schema(schema['items'])}"
    if kind == "object":
        return f"a group of parameters ({', '.join(schema['properties'])})"
    words = {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "string": "text",
        "null": "null",
    }
    text = words.get(str(kind), "another value")
    if "pattern" in schema:
        text += f" of the form {schema['pattern']}"
    return f"{text}{_describe_range(schema)}"


def _describe_range(schema: Mapping[str, Any]) -> str:
    """Say in words which limits a number has."""
    if "minimum" in schema and "maximum" in schema:
        return f" from {schema['minimum']} to {schema['maximum']}"
    words = {
        "minimum": "of at least",
        "exclusiveMinimum": "above",
        "maximum": "of at most",
        "exclusiveMaximum": "below",
    }
    limits = [f"{text} {schema[key]}" for key, text in words.items() if key in schema]
    return f" {' and '.join(limits)}" if limits else ""


def _shorten(value: Any) -> str:
    """Write a value on one short line."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."

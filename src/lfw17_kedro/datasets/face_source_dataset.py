"""A source of faces, chosen by its name."""

import inspect
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.datasets.face_sources import SOURCES
from lfw17_kedro.messages import suggest
from lfw17_kedro.types import RawFaces

# Kedro ends every message of this dataset with a full stop of its own.
WORDS = {int: "a whole number", str: "text"}


class FaceSourceDataset(AbstractDataset[NoReturn, RawFaces]):
    """The faces of one source of `face_sources.SOURCES`; read-only.

    Example:
        >>> FaceSourceDataset(source="orl").load().train_images.shape
        (280, 1850)
    """

    def __init__(
        self, *, source: str, metadata: dict[str, Any] | None = None, **options: Any
    ) -> None:
        if source not in SOURCES:
            raise DatasetError(
                f"source: expected one of {', '.join(SOURCES)}, got {source!r}"
                f"{suggest(str(source), SOURCES)}"
            )
        _check_options(source, options)
        self._source = source
        self._options = options
        self.metadata = metadata

    def load(self) -> RawFaces:
        return SOURCES[self._source](**self._options)

    def save(self, data: NoReturn) -> None:
        raise DatasetError(f"{self._source} is a source of faces: read-only.")

    def _describe(self) -> dict[str, Any]:
        return {"source": self._source, **self._options}


def _check_options(source: str, options: dict[str, Any]) -> None:
    """Refuse unknown options and those of a wrong type; ask for those it needs.

    Types other than text and numbers are left to the source and to the pipelines.
    """
    known = inspect.signature(SOURCES[source], eval_str=True).parameters
    needed = [name for name, p in known.items() if p.default is p.empty]
    problems = [
        f"unknown: {name}{suggest(str(name), known)}" for name in options.keys() - known
    ]
    problems += [f"missing: {name}" for name in needed if name not in options]
    if problems:
        raise DatasetError(
            f"expected for the source {source} the options {', '.join(known)}, got "
            f"{', '.join(options) or 'none'} ({'; '.join(sorted(problems))})"
        )
    for name, value in options.items():
        kind = known[name].annotation
        if kind in WORDS and type(value) is not kind:
            raise DatasetError(
                f"{name}: expected {WORDS[kind]} for the source {source}, got {value!r}"
            )

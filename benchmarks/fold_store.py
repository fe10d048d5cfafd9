"""What was predicted for the images of one fold, one small JSON file each.

A file is written whole or not at all, so a benchmark that was stopped goes on where it
stopped. Its name says the method, its settings, the seed and the fold; a file that says
something else inside, or that cannot be read, counts as missing.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lfw17_kedro.files.atomic import atomic_write
from lfw17_kedro.types import F64


@dataclass(frozen=True)
class FoldKey:
    """Which fold of what.

    Attributes:
        method: name of the method.
        settings: hash of all that decides the result, except the code and the three
            attributes below.
        seed: seed of the folds and of the training.
        fold: 0..folds-1, the fold whose images were predicted.
        folds: number of folds.
    """

    method: str
    settings: str
    seed: int
    fold: int
    folds: int


@dataclass(frozen=True, kw_only=True)
class MadeBy:
    """What made a result.

    Attributes:
        code: hash of the code.
        revision: date and git revision.
        machine: the machine in words.
        versions: package -> version.
    """

    code: str
    revision: str
    machine: str
    versions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class FoldResult(MadeBy):
    """What was predicted.

    Attributes:
        key: which fold.
        ids: (n,) ids of the images.
        probabilities: (n, K) float64, before calibration.
        seconds: duration of fitting and predicting, None where training was resumed.
    """

    key: FoldKey
    ids: list[str]
    probabilities: F64
    seconds: float | None


class FoldStore:
    """A folder of results."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; it is made when something is written."""
        self._folder = folder

    def find(self, key: FoldKey) -> Path:
        """Give the path of a result."""
        name = f"{key.settings[:12]}-seed_{key.seed}-fold_{key.fold}_of_{key.folds}"
        return self._folder / key.method / f"{name}.json"

    def find_checkpoint(self, key: FoldKey) -> Path:
        """Give the folder from which interrupted training of this fold resumes."""
        return self.find(key).with_suffix(".checkpoint")

    def read(self, key: FoldKey) -> FoldResult | None:
        """Read a result, None where there is no whole one."""
        try:
            stored = json.loads(self.find(key).read_text(encoding="utf-8"))
            values = np.array(stored.pop("probabilities"), np.float64)
            found = FoldKey(**stored.pop("key"))
            result = FoldResult(key=found, probabilities=values, **stored)
            whole = values.ndim == 2 and len(values) == len(result.ids)  # noqa: PLR2004
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return result if whole and found == key else None

    def write(self, result: FoldResult) -> None:
        """Write a result whole."""
        stored = asdict(result) | {"probabilities": result.probabilities.tolist()}
        self._write(self.find(result.key), stored)

    def write_settings(self, key: FoldKey, settings: dict[str, Any]) -> None:
        """Keep in readable form what the hash of the settings stands for."""
        name = f"{key.settings[:12]}.settings.json"
        self._write(self._folder / key.method / name, settings)

    def _write(self, path: Path, stored: dict[str, Any]) -> None:
        """Write one file."""
        with atomic_write(path) as part:
            part.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")

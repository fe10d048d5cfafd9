"""The card of a face encoder as JSON."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.types import EncoderCard


def read_card(filepath: Path) -> EncoderCard:
    """Read a card.

    Raises:
        DatasetError: no such file, or not a whole card.
    """
    try:
        card = json.loads(filepath.read_text(encoding="utf-8"))
        if card["template"]:
            card["template"] = tuple(map(tuple, card["template"]))
        return EncoderCard(**card)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"expected the card of an encoder at {filepath}, got: {error!r}; run the "
            "pipeline that builds the encoder again."
        ) from error


def write_card(card: EncoderCard, filepath: Path) -> None:
    """Write a card."""
    filepath.write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")


class EncoderCardDataset(AbstractDataset[EncoderCard, EncoderCard]):
    """An `EncoderCard` in a JSON file, for nodes that do not need the network."""

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> EncoderCard:
        return read_card(self._filepath)

    def save(self, data: EncoderCard) -> None:
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        write_card(data, self._filepath)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return self._filepath.is_file()

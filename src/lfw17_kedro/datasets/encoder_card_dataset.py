"""The card of a face encoder as JSON."""

import json
from dataclasses import asdict
from pathlib import Path

from kedro.io import DatasetError
from pydantic import TypeAdapter

from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.messages import describe_error
from lfw17_kedro.types import EncoderCard

MAX_SIZE = 1 << 20  # bytes; a card has 500


def read_card(filepath: Path) -> EncoderCard:
    """Read a card.

    Raises:
        DatasetError: no such file, or not a whole card.
    """
    try:
        if filepath.stat().st_size > MAX_SIZE:
            raise ValueError(f"more than {MAX_SIZE} bytes")
        return TypeAdapter(EncoderCard).validate_json(filepath.read_bytes())
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"expected the card of an encoder at {filepath}, got: "
            f"{describe_error(error, with_type=True)}; run the pipeline that builds "
            "the encoder again."
        ) from error


def write_card(card: EncoderCard, filepath: Path) -> None:
    """Write a card."""
    filepath.write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")


class EncoderCardDataset(PathDataset[EncoderCard, EncoderCard]):
    """An `EncoderCard` in a JSON file, for nodes that do not need the network."""

    def load(self) -> EncoderCard:
        return read_card(self._filepath)

    def save(self, data: EncoderCard) -> None:
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        write_card(data, self._filepath)

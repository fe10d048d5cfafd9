"""Face encoders on disk: a SavedModel folder with a card beside the graph."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from lfw17_kedro.datasets.atomic import atomic_write
from lfw17_kedro.types import U8, Encoder, EncoderCard

CARD = "encoder.json"


class EncoderDataset(AbstractDataset[Encoder, Encoder]):
    """A SavedModel folder whose `encoder.json` is the encoder's card.

    Saves an encoder whose network is a Keras model; loads one whose network is the
    SavedModel's `serve` function. Other programs may read the folder with
    `tf.saved_model.load(folder).serve(faces)`.
    """

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Encoder:
        import tensorflow as tf

        try:
            card = json.loads((self._filepath / CARD).read_text())
            if card["template"]:
                card["template"] = tuple(map(tuple, card["template"]))
            saved = tf.saved_model.load(str(self._filepath))
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(
                f"expected an encoder (SavedModel and {CARD}) at {self._filepath}, "
                f"got: {error}; build it again with `kedro run --nodes build_encoder`."
            ) from error

        def embed(faces: U8) -> Any:
            return saved.serve(faces)  # the closure keeps the model's variables alive

        return Encoder(EncoderCard(**card), embed)

    def save(self, data: Encoder) -> None:
        export = getattr(data.network, "export", None)
        if export is None:
            raise DatasetError(
                "expected an encoder whose network is a Keras model, got "
                f"{type(data.network).__name__}; a loaded encoder is already saved."
            )
        with atomic_write(self._filepath) as part:
            export(part, verbose=False)
            (part / CARD).write_text(json.dumps(asdict(data.card), indent=2) + "\n")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return (self._filepath / CARD).is_file()

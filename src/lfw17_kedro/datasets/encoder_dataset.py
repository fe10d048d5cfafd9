"""Face encoders on disk: a SavedModel folder with a card beside the graph."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from kedro.io import DatasetError

from lfw17_kedro.datasets.artifact_record import hash_content
from lfw17_kedro.datasets.encoder_card_dataset import read_card, write_card
from lfw17_kedro.datasets.path_dataset import PathDataset
from lfw17_kedro.datasets.saved_graph import check_graph
from lfw17_kedro.files.atomic import remove
from lfw17_kedro.messages import one_line
from lfw17_kedro.start_up import import_tensorflow
from lfw17_kedro.types import U8, Encoder, Network

CARD = "encoder.json"
GRAPH = "saved_model.pb"


class EncoderDataset(PathDataset[Encoder, Encoder]):
    """A SavedModel folder whose `encoder.json` is the encoder's card.

    Saves an encoder whose network is a Keras model; loads one whose network is the
    SavedModel's `serve` function. Other programs may read the folder with
    `tf.saved_model.load(folder).serve(faces)`. A graph is a program: it is loaded only
    if it consists of operations that compute; see `check_graph`. Nodes that load the
    same folder share one network.
    """

    def load(self) -> Encoder:
        card = read_card(self._filepath / CARD)
        try:
            sha256 = hash_content(self._filepath).sha256
            return Encoder(card, _load_network(self._filepath, sha256))
        except Exception as error:  # damaged graphs raise nearly every kind of error
            raise DatasetError(
                f"expected an encoder (SavedModel and {CARD}) at {self._filepath}, "
                f"got: {one_line(error)}; run the pipeline that builds the encoder "
                "again."
            ) from error

    def save(self, data: Encoder) -> None:
        export = getattr(data.network, "export", None)
        if export is None:
            raise DatasetError(
                "expected an encoder whose network is a Keras model, got "
                f"{type(data.network).__name__}; a loaded encoder is already saved."
            )
        remove(self._filepath)
        export(self._filepath, verbose=False)
        write_card(data.card, self._filepath / CARD)

    def _exists(self) -> bool:
        return (self._filepath / CARD).is_file()


@lru_cache(maxsize=1)
def _load_network(folder: Path, sha256: str) -> Network:
    """Load the network of a folder with that content, or give the last one again.

    Loading takes 0.2 s, and the first call of a loaded network as long.
    """
    tf = import_tensorflow()
    check_graph(folder / GRAPH)
    saved = tf.saved_model.load(str(folder))
    serve = saved.serve

    def embed(faces: U8, model: Any = saved) -> Any:  # keeps the variables alive
        return serve(faces)

    return embed

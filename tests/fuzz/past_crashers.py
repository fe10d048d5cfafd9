"""Make the inputs that once crashed, hung, grew or ran something.

`python -m tests.fuzz.past_crashers` writes them to tests/fuzz/corpus. Other files of
the corpus, with a hash as their name, were found by fuzzing.
"""

from pathlib import Path

from tests.fuzz.crashers import arrays, models, photos, texts, weights
from tests.fuzz.readers import READERS
from tests.fuzz.zip_format import read_zip, write_zip

CORPUS = Path(__file__).parent / "corpus"

MAKERS = {
    "dlib_weights": weights.make_dlib,
    "torch_pickles": weights.make_torch_pickles,
    "torch_zip": weights.make_torch_zips,
    "frozen_graph": weights.make_graphs,
    "classifier": arrays.make_classifiers,
    "facenet_zip": weights.make_facenet_zips,
    "npy": arrays.make_npys,
    "npz": arrays.make_npzs,
    "features": arrays.make_features,
    "photo": photos.make_photos,
    "tfrecords": photos.make_records,
    "keras_model": models.make_keras,
    "encoder": models.make_encoders,
    "encoder_card": texts.make_texts,
    "artifact_record": texts.make_artifact_records,
    "lock_note": texts.make_texts,
    "run_record": texts.make_run_records,
    "tables": texts.make_tables,
    "json": texts.make_texts,
    "figures": texts.make_texts,
    "parameters": texts.make_parameters,
}


def main() -> None:
    """Write all of them."""
    for reader, make in MAKERS.items():
        folder = CORPUS / reader
        folder.mkdir(parents=True, exist_ok=True)
        is_bundle = READERS[reader].kind == "bundle"
        for name, content in make().items():
            smaller = write_zip(read_zip(content), 8) if is_bundle else content
            (folder / f"{name}.bin").write_bytes(smaller)


if __name__ == "__main__":
    main()

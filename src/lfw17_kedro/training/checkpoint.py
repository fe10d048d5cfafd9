"""Checkpoints: how interrupted training is saved, found and deleted."""

import json
import logging
import shutil
from pathlib import Path

logger = logging.getLogger(__name__)

# The files of Keras's BackupAndRestore.
WEIGHTS, METADATA = "latest.weights.h5", "training_metadata.json"
FINGERPRINT, HISTORY = "fingerprint.txt", "history.csv"


def name_checkpoint(checkpoint: Path) -> str:
    """Name the training of a checkpoint by its last folders: "fold 0 network 1"."""
    return " ".join(checkpoint.parts[-2:]).replace("_", " ")


def open_checkpoint(checkpoint: Path, fingerprint: str, epochs: int) -> int:
    """Open a checkpoint that has this fingerprint, or begin a new one.

    A checkpoint of other data, settings or networks, or a damaged one, is discarded
    with a warning.

    Args:
        checkpoint: folder; made if it is missing.
        fingerprint: differs where networks, data or settings do.
        epochs: how many this training will have, for the log.

    Returns:
        How many epochs are already done.
    """
    name = name_checkpoint(checkpoint)
    if checkpoint.is_dir():
        done = _read_epochs(checkpoint)
        file = checkpoint / FINGERPRINT
        known = file.read_text(encoding="utf-8") if file.is_file() else None
        if done and known == fingerprint:
            logger.info("%s: resuming after epoch %d of %d.", name, done, epochs)
            return done
        if done:
            logger.warning(
                "%s: the checkpoint in %s was made with other data, settings or "
                "networks and is discarded; training starts from the beginning.",
                name,
                checkpoint,
            )
        shutil.rmtree(checkpoint)
    checkpoint.mkdir(parents=True)
    (checkpoint / FINGERPRINT).write_text(fingerprint, encoding="utf-8")
    return 0


def _read_epochs(checkpoint: Path) -> int:
    """Give the epochs of the newest copy that is whole, and make it the latest.

    If a run was killed while it wrote, the newest copy is damaged and the one before
    it is used.
    """
    import h5py

    for suffix in ("", ".bkp"):
        weights = checkpoint / (WEIGHTS + suffix)
        metadata = checkpoint / (METADATA + suffix)
        try:
            with h5py.File(weights):
                epochs = int(json.loads(metadata.read_text(encoding="utf-8"))["epoch"])
        except (OSError, ValueError, KeyError):
            continue
        if suffix:
            shutil.copy(weights, checkpoint / WEIGHTS)
            shutil.copy(metadata, checkpoint / METADATA)
        return epochs
    return 0


def delete_checkpoint(saved: object, checkpoint: Path) -> None:
    """Delete the checkpoint of training that is over.

    Args:
        saved: made from what was trained, so that this waits until it is saved.
        checkpoint: the folder.
    """
    shutil.rmtree(checkpoint, ignore_errors=True)

"""Checkpoints: how interrupted training is saved, found and deleted.

A checkpoint is a folder with one file for each of the two newest epochs:
`epoch_0003.npz` is training after three epochs. The file gets its name when all of it
is on the disk, so a run that is killed while it writes leaves the files before.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from lfw17_kedro.files.atomic import atomic_write
from lfw17_kedro.files.folder_lock import FolderLock
from lfw17_kedro.training.checkpoint_file import (
    Checkpoint,
    DamagedCheckpointError,
    max_bytes,
    parse_checkpoint,
    save_checkpoint,
)

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

PREFIX = "epoch_"
RANDOM_COUNTER = "seed_generator_state"  # Keras's name of dropout's
KEPT = 2  # files: the newest, and the one before in case the newest is damaged


def name_checkpoint(checkpoint: Path) -> str:
    """Name the training of a checkpoint by its last folders: "fold 0 network 1".

    Stages of a training have one folder more: "final network 0 head".
    """
    first, *others = checkpoint.parts[-3:]
    parts = [first, *others] if "fold_" in first or first == "final" else others
    return " ".join(parts).replace("_", " ")


def list_variables(network: "keras.Model") -> "list[keras.Variable]":
    """List all variables that training changes, in the order of the layers.

    Those are the weights, the counters of dropout's random numbers, and the moments
    and the number of steps of the optimizer.

    Args:
        network: compiled; its optimizer is built if it is not yet.
    """
    if not network.optimizer.built:
        network.optimizer.build(network.trainable_variables)
    counters = [v for v in network.variables if v.path.endswith(RANDOM_COUNTER)]
    return [*network.weights, *counters, *network.optimizer.variables]


def lock_checkpoint(checkpoint: Path) -> FolderLock:
    """Make the lock of a checkpoint: one training at a time writes there."""
    return FolderLock(
        checkpoint,
        "training",
        "training with this checkpoint",
        "wait until it ends, end it, or train with another checkpoint folder",
    )


def read_checkpoint(
    checkpoint: Path, fingerprint: str, epochs: int, like: Sequence[NDArray[Any]]
) -> Checkpoint | None:
    """Read the newest whole checkpoint that has this fingerprint.

    Checkpoints of other data, settings, networks or code, and damaged ones, are deleted
    with a warning.

    Args:
        checkpoint: folder, there or not.
        fingerprint: differs where networks, data, settings or code do.
        epochs: how many this training will have.
        like: arrays of the shapes and dtypes that the checkpoint must have.

    Returns:
        None where there is none.

    Raises:
        OSError: a file cannot be read or deleted; says what to do.
    """
    name = name_checkpoint(checkpoint)
    for file in _list_files(checkpoint):
        content = _read_bytes(file, max_bytes(like) + 1)
        try:
            saved = parse_checkpoint(content, fingerprint, like)
        except DamagedCheckpointError as error:
            logger.warning(
                "%s: expected a whole checkpoint of this network in %s, got a damaged "
                "one (%s); it is discarded, and training resumes from the one before "
                "or starts from the beginning.",
                name,
                file,
                error,
            )
            _delete_file(file)
            continue
        if saved is not None and len(saved.history) <= epochs:
            done = len(saved.history)
            logger.info("%s: resuming after epoch %d of %d.", name, done, epochs)
            return saved
        logger.warning(
            "%s: the checkpoint in %s was made with other data, settings, networks or "
            "code and is discarded; training starts from the beginning.",
            name,
            checkpoint,
        )
        for old in _list_files(checkpoint):
            _delete_file(old)
        break
    return None


def write_checkpoint(checkpoint: Path, saved: Checkpoint) -> None:
    """Save training after an epoch, and delete all but the epoch before.

    Args:
        checkpoint: folder; made if it is missing.
        saved: what to save.

    Raises:
        OSError: the folder cannot be written to; says what to do.
    """
    file = checkpoint / f"{PREFIX}{len(saved.history):04}.npz"
    try:
        with atomic_write(file) as part:
            save_checkpoint(part, saved)
        for old in _list_files(checkpoint)[KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(
            f"{file}: expected to write this checkpoint, got: {error}; make room on "
            "the disk or change the folder's rights, then run the same command again: "
            "training resumes after its last saved epoch."
        ) from error


def delete_checkpoint(saved: object, checkpoint: Path) -> None:
    """Delete the checkpoint of training that is over.

    Args:
        saved: made from what was trained, so that this waits until it is saved.
        checkpoint: the folder.
    """
    shutil.rmtree(checkpoint, ignore_errors=True)


def _list_files(checkpoint: Path) -> list[Path]:
    """List the files of a checkpoint, the newest first."""
    numbers = {
        file: file.stem.removeprefix(PREFIX)
        for file in checkpoint.glob(f"{PREFIX}*.npz")
    }
    files = [file for file, number in numbers.items() if number.isdecimal()]
    return sorted(files, key=lambda file: int(numbers[file]), reverse=True)


def _read_bytes(file: Path, limit: int) -> bytes:
    """Read a file, but no more than the limit."""
    try:
        with file.open("rb") as stream:
            return stream.read(limit)
    except OSError as error:
        raise OSError(
            f"{file}: expected to read this checkpoint, got: {error}; change its "
            "rights, or delete it, and run the same command again."
        ) from error


def _delete_file(file: Path) -> None:
    """Delete a file of a checkpoint."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(
            f"{file}: expected to delete this checkpoint, got: {error}; delete it by "
            "hand, and run the same command again."
        ) from error

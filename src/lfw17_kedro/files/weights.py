"""Read files of weights: of installed packages, downloaded ones, the user's own."""

import hashlib
from pathlib import Path

from lfw17_kedro.files.packaged import locate_packaged
from lfw17_kedro.types import PackagedWeights, PublishedWeights, WeightsFile

MAX_BYTES = 512 << 20  # the largest published file has some 200 MB


def read_weights_file(
    weights: PackagedWeights | PublishedWeights | Path, folder: Path | None
) -> WeightsFile:
    """Read a weights file that is on this machine.

    Args:
        weights: packaged ones are found without importing the package, published ones
            are checked each time; or the path of a user's own file.
        folder: of published files; None if there is none.

    Raises:
        ValueError: the package or the file is missing, the file has more than
            `MAX_BYTES`, or a published one is another than expected.
    """
    match weights:
        case PackagedWeights(package, resource, distribution):
            file = locate_packaged(package, resource, distribution)
        case PublishedWeights():
            file = _locate_published(weights, folder)
        case _:
            file = weights
    try:
        size = file.stat().st_size
        if not file.is_file() or size > MAX_BYTES:  # pipes and devices never end
            found = f"{size} bytes" if file.is_file() else "no file"
            raise ValueError(
                f"expected a weights file of at most {MAX_BYTES} bytes at "
                f"{file.absolute()}, got {found}; name another, or null for the "
                "published one."
            )
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(
            f"expected a weights file at {file.absolute()}, got: {error}; name a "
            "file that is there, or null for the published one."
        ) from error
    if isinstance(weights, PublishedWeights):
        _check_published(weights, file, content)
    return WeightsFile(file.name, content)


def _locate_published(weights: PublishedWeights, folder: Path | None) -> Path:
    """Give the path of a published file that was downloaded."""
    file = folder and folder / weights.name
    if file is None or not file.exists():
        raise ValueError(
            f"expected the published weights {weights.name} in "
            f"{folder or 'a weights_folder'}, got no such file; name the folder that "
            f"`kedro run` downloaded them to, or put {weights.url} there by hand."
        )
    return file


def _check_published(weights: PublishedWeights, file: Path, content: bytes) -> None:
    """Refuse a file in the place of a published one that is another."""
    if (found := hashlib.sha256(content).hexdigest()) != weights.sha256:
        raise ValueError(
            f"expected a file with SHA-256 {weights.sha256} at {file}, got "
            f"{len(content)} bytes with SHA-256 {found}; remove it to have it "
            f"downloaded from {weights.url}."
        )

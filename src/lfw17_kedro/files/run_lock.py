"""One run at a time for a source of faces."""

from pathlib import Path

from lfw17_kedro.files.folder_lock import FolderLock


class RunLock(FolderLock):
    """The lock of a source, which a run holds from its start to its end."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; nothing is locked yet.

        Args:
            folder: of the source, `data/08_reporting/<source>`.
        """
        super().__init__(
            folder,
            "run",
            "using the data of this source",
            "wait until it ends, end it, or let this run wait with `--params "
            "runs.max_wait=SECONDS`",
        )

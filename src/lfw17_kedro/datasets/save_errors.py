"""Say in one sentence why something could not be saved."""

import errno

from lfw17_kedro.files.disk_errors import DISK_FULL, NO_RIGHT

NO_ROOM = (*DISK_FULL, errno.EFBIG)
# NumPy ("518000 requested and 14304 written"), TensorFlow and HDF5 name no errno.
NO_ROOM_TEXTS = ("No space left", "File too large", "requested and", "Disk quota")
KEDRO = "Failed while saving data to dataset"
NO_RIGHT_TEXTS = ("Permission denied", "Read-only file system")


def explain_error(error: BaseException) -> str:
    """Give the reason of a failed save, and what to do about it.

    Args:
        error: what the save raised; the libraries' own errors are behind it.
    """
    causes = [error]
    while (cause := causes[-1].__cause__) is not None and cause not in causes:
        causes.append(cause)
    for one in reversed(causes):  # Kedro's message repeats those below it
        number, text = getattr(one, "errno", None), str(one)
        if number in NO_ROOM or any(known in text for known in NO_ROOM_TEXTS):
            return "the disk is full; make room and run again."
        if number in NO_RIGHT or any(known in text for known in NO_RIGHT_TEXTS):
            return f"no permission to write ({_name(one)}); change the folder's rights."
    first = causes[1] if len(causes) > 1 and KEDRO in str(error) else error
    if isinstance(first, OSError):
        return f"{_name(first)}; check the disk and run again."
    if (text := _name(first)).endswith("."):
        return text  # the data could not be made: its own error says what to do
    return f"{text}; check the disk and run again."  # for example TensorFlow's


def _name(error: BaseException) -> str:
    """Write an error on one line."""
    return " ".join(str(error).split())

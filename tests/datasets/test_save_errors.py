import errno

import pytest

from lfw17_kedro.datasets.save_errors import explain_error


def wrap(error):
    """Wrap an error as Kedro does."""
    try:
        raise RuntimeError("Failed while saving data to dataset x") from error
    except RuntimeError as wrapped:
        return wrapped


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left"), "the disk is full; make room and run"),
        (OSError(errno.EFBIG, "File too large"), "the disk is full; make room and run"),
        (OSError("518000 requested and 14304 written"), "the disk is full; make room"),
        (
            PermissionError(errno.EACCES, "no", "/a"),
            "no permission to write ([Errno 13]",
        ),
        (OSError(errno.EROFS, "Read-only"), "no permission to write"),
        (
            OSError(errno.EIO, "Input/output error"),
            "[Errno 5] Input/output error; chec",
        ),
        (ValueError("expected 3, got 2; add one."), "expected 3, got 2; add one."),
        (ValueError("a\nb"), "a b; check the disk and run again."),
    ],
)
def test_reasons(error, reason):
    assert explain_error(error).startswith(reason)
    assert explain_error(wrap(error)).startswith(reason)


def test_an_error_that_is_its_own_cause_ends():
    one, other = ValueError("one."), ValueError("other.")
    one.__cause__, other.__cause__ = other, one

    assert explain_error(one) == "one."

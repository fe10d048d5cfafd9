import pytest

from lfw17_kedro.datasets.atomic import atomic_write


def fill(part, text, folder):
    if folder:
        part.mkdir()
        (part / "inner.txt").write_text(text)
    else:
        part.write_text(text)


def read(target, folder):
    return (target / "inner.txt" if folder else target).read_text()


@pytest.mark.parametrize("folder", [False, True])
def test_new_content_replaces_the_old(tmp_path, folder):
    target = tmp_path / "layer" / "artifact"

    for text in ("old", "new"):
        with atomic_write(target) as part:
            fill(part, text, folder)

    assert read(target, folder) == "new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("folder", [False, True])
def test_failure_keeps_the_old_content_and_leaves_nothing_else(tmp_path, folder):
    target = tmp_path / "artifact"
    with atomic_write(target) as part:
        fill(part, "old", folder)

    with pytest.raises(OSError, match="disk full"), atomic_write(target) as part:
        fill(part, "half", folder)
        raise OSError("disk full")

    assert read(target, folder) == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_run_left_is_cleared(tmp_path):
    (tmp_path / ".artifact.part").write_text("half")

    with atomic_write(tmp_path / "artifact") as part:
        part.write_text("whole")

    assert [path.name for path in tmp_path.iterdir()] == ["artifact"]

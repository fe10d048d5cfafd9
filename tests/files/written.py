"""What the tests of `atomic_write` write and read, and a process that is dead."""

DEAD = 2**22 + 1  # above the greatest process id of Linux


def fill(part, text, folder):
    if folder:
        part.mkdir()
        (part / "inner.txt").write_text(text)
    else:
        part.write_text(text)


def read(target, folder):
    return (target / "inner.txt" if folder else target).read_text()

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfw17_kedro.training.checkpoint import (
    delete_checkpoint,
    name_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from lfw17_kedro.training.checkpoint_file import (
    Checkpoint,
    DamagedCheckpointError,
    parse_checkpoint,
    save_checkpoint,
)

LIKE = [np.zeros((2, 3), np.float32), np.zeros((), np.int64), np.zeros(2, np.uint32)]
EPOCHS = 9


def make_checkpoint(done, fingerprint="a"):
    """Training after some epochs; every value depends on their number."""
    arrays = [np.full_like(array, done) for array in LIKE]
    history = [{"accuracy": 0.1 + epoch, "loss": 1 / 3} for epoch in range(done)]
    return Checkpoint(fingerprint, history, arrays)


def read(folder, fingerprint="a", epochs=EPOCHS, like=LIKE):
    return read_checkpoint(folder, fingerprint, epochs, like)


def assert_same(read_back, saved):
    assert read_back.fingerprint == saved.fingerprint
    assert read_back.history == saved.history
    for ours, theirs in zip(read_back.arrays, saved.arrays, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def save_bytes(tmp_path, checkpoint):
    file = tmp_path / "saved.npz"
    save_checkpoint(file, checkpoint)
    return file.read_bytes()


def test_the_two_newest_epochs_are_kept(tmp_path, caplog):
    for done in (1, 2, 9, 10):
        write_checkpoint(tmp_path, make_checkpoint(done))

    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "epoch_0009.npz",
        "epoch_0010.npz",
    ]
    with caplog.at_level(logging.INFO):
        assert_same(read(tmp_path, epochs=12), make_checkpoint(10))
    assert "resuming after epoch 10 of 12." in caplog.text
    delete_checkpoint(None, tmp_path)
    assert not tmp_path.exists()
    assert read(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"{}", "half", "flipped"])
def test_damaged_checkpoints_are_discarded_one_by_one(tmp_path, caplog, content):
    for done in (1, 2):
        write_checkpoint(tmp_path, make_checkpoint(done))

    def damage(file):
        whole = bytearray(file.read_bytes())
        if content == "half":
            file.write_bytes(whole[: len(whole) // 2])
        elif content == "flipped":
            number = np.float32(2 if "2" in file.name else 1).tobytes()
            whole[whole.index(number * 6)] ^= 1
            file.write_bytes(whole)
        else:
            file.write_bytes(content)

    damage(tmp_path / "epoch_0002.npz")
    assert_same(read(tmp_path), make_checkpoint(1))
    (warning,) = [r.message for r in caplog.records if r.levelname == "WARNING"]
    assert f"in {tmp_path / 'epoch_0002.npz'}, got a damaged one (" in warning
    assert "training resumes from the one before or starts from the" in warning

    damage(tmp_path / "epoch_0001.npz")
    assert read(tmp_path) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("like", "reason"),
    [
        ([np.zeros((3, 2), np.float32), *LIKE[1:]], "expected float32 (3, 2), got"),
        ([LIKE[0].astype(float), *LIKE[1:]], "expected float64 (2, 3), got float32"),
        (LIKE[:2], "expected 2 arrays, got others as well"),
        ([*LIKE, LIKE[0]], "There is no item named 'array_3.npy'"),
    ],
)
def test_checkpoint_of_another_network_is_discarded(tmp_path, caplog, like, reason):
    write_checkpoint(tmp_path, make_checkpoint(1))

    assert read(tmp_path, like=like) is None

    assert reason in caplog.text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("changes", [{"fingerprint": "b"}, {"epochs": 1}])
def test_checkpoint_of_other_settings_is_discarded(tmp_path, caplog, changes):
    for done in (1, 2):
        write_checkpoint(tmp_path, make_checkpoint(done))

    assert read(tmp_path, **changes) is None

    assert "was made with other data, settings, networks or code" in caplog.text
    assert not list(tmp_path.iterdir())


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    for name in ("epoch_x.npz", "notes.txt", "epoch_0001.npz.old"):
        (tmp_path / name).touch()

    assert read(tmp_path) is None
    write_checkpoint(tmp_path, make_checkpoint(3))

    assert len(list(tmp_path.iterdir())) == 4


def test_nan_scores_survive(tmp_path):
    saved = Checkpoint("a", [{"loss": 1.0, "val_loss": float("nan")}], LIKE)

    content = save_bytes(tmp_path, saved)

    assert np.isnan(parse_checkpoint(content, "a", LIKE).history[0]["val_loss"])


def test_what_could_grow_or_run_code_is_refused(tmp_path):
    save_bytes(tmp_path, make_checkpoint(1))
    good = dict(np.load(tmp_path / "saved.npz"))
    np.savez_compressed(tmp_path / "bomb.npz", **good)
    pickled = good | {"array_0": np.array([print, print], object)}
    np.savez(tmp_path / "pickle.npz", **pickled)
    nested = good | {"header": np.frombuffer(b"[" * 100_000, np.uint8)}
    np.savez(tmp_path / "nested.npz", **nested)

    reasons = {
        "bomb": "header is compressed",
        "pickle": r"array_0: expected float32 \(2, 3\), got object",
        "nested": "recursion",
    }
    for name, reason in reasons.items():
        with pytest.raises(DamagedCheckpointError, match=reason):
            parse_checkpoint((tmp_path / f"{name}.npz").read_bytes(), "a", LIKE)
    with pytest.raises(DamagedCheckpointError, match="it has more than 16780"):
        parse_checkpoint(bytes(17 << 20), "a", LIKE)


@settings(max_examples=300)
@given(data=st.data())
def test_changed_bytes_never_pass_for_a_checkpoint(tmp_path_factory, data):
    whole = save_bytes(tmp_path_factory.getbasetemp(), make_checkpoint(2))
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        end = data.draw(st.sampled_from([place + 1, place + 4, len(whole)]))
        changed[place:end] = data.draw(st.binary(max_size=8))

    try:
        read_back = parse_checkpoint(bytes(changed), "a", LIKE)
    except DamagedCheckpointError as error:
        assert "\n" not in str(error)
    else:  # a byte that says nothing, for example a date
        if read_back is not None:
            assert_same(read_back, make_checkpoint(2))


@pytest.mark.parametrize("part", ["a folder in the way", "full"])
def test_checkpoint_that_cannot_be_written_says_what_to_do(tmp_path, part, monkeypatch):
    folder = tmp_path / "checkpoint"
    if part == "full":

        def fill(*args, **arrays):
            raise OSError("518000 requested and 14304 written")

        monkeypatch.setattr(np, "savez", fill)
    else:
        folder.write_bytes(b"")

    with pytest.raises(OSError) as error:
        write_checkpoint(folder, make_checkpoint(1))

    message = str(error.value)
    assert message.startswith(f"{folder / 'epoch_0001.npz'}: expected to write this")
    assert "training resumes after its last saved epoch." in message


def test_checkpoint_that_cannot_be_read_or_deleted_says_what_to_do(tmp_path):
    (tmp_path / "epoch_0001.npz").mkdir()

    with pytest.raises(OSError, match=r"epoch_0001\.npz: expected to read this"):
        read(tmp_path)


# Writes the checkpoints of three epochs over and over, each time killed at a later
# operation or byte, and says after how many epochs the next run would resume.
KILLED = """
import itertools, json, shutil, sys
from pathlib import Path

from killed_at import kill_at_byte, kill_at_operation, run_in_fork
from test_checkpoint import assert_same, make_checkpoint, read, write_checkpoint

folder = Path(sys.argv[1])

def find_epochs(kill, *where):
    def train():
        kill(*where)
        for done in (1, 2, 3):
            write_checkpoint(folder, make_checkpoint(done))

    killed = run_in_fork(train)
    saved = read(folder)
    done = len(saved.history) if saved else 0
    if saved:
        assert_same(saved, make_checkpoint(done))
    write_checkpoint(folder, make_checkpoint(done + 1))
    assert len(list(folder.iterdir())) <= 2, "what the killed process left stays"
    shutil.rmtree(folder)
    return killed, done

operations = (find_epochs(kill_at_operation, n, folder) for n in itertools.count())
print(json.dumps(
    [done for _, done in itertools.takewhile(lambda found: found[0], operations)]
))
print(json.dumps([find_epochs(kill_at_byte, n) for n in range(0, 1000, 100)]))
"""


def test_a_kill_at_any_operation_leaves_a_whole_checkpoint(tmp_path):
    shown = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "checkpoint"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join([*sys.path, str(Path(__file__).parent)])},
    )

    assert shown.returncode == 0, shown.stderr
    operations, at_bytes = map(json.loads, shown.stdout.splitlines())
    assert operations == sorted(operations)  # a later kill never costs an epoch more
    assert set(operations) == {0, 1, 2, 3}
    assert len(operations) > 20
    assert at_bytes == [[True, 0]] * 10


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("net/model_checkpoint/final/network_0", "final network 0"),
        ("net/validation_checkpoint/fold_2/network_1", "fold 2 network 1"),
        ("net/validation_checkpoint/fold_2/network_1/head", "fold 2 network 1 head"),
    ],
)
def test_a_training_is_named_by_fold_network_and_stage(folder, name):
    assert name_checkpoint(Path("/final/data", folder)) == name

"""Training that was killed ends with the weights of one that never was, bit by bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Trains a small network in forked processes: once without a kill, then for each kill
# twice, until it is killed and until it ends. The parent never starts TensorFlow's
# threads, so it can fork.
TRAIN = """
import json, shutil, sys
from pathlib import Path

import keras
import numpy as np

from killed_at import count_operations, kill_at_operation, run_in_fork
from test_fit import fit, make_network

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
checkpoint, result = folder / "checkpoint", folder / "result.npz"

def train(kill=None, *where):
    def work():
        network = make_network()
        if kill:
            kill(*where)
        history = fit(network, checkpoint, epochs=3)
        np.savez(result, *network.get_weights(), history=history.to_numpy())

    return run_in_fork(work)

def take_result():
    with np.load(result) as stored:
        arrays = dict(stored)
    result.unlink()
    return arrays

assert not train(count_operations, checkpoint, folder / "operations")
expected = take_result()
operations = int((folder / "operations").read_text())
numbers = sorted({round(n) for n in np.linspace(0, operations - 1, kills)})
for number in numbers:
    shutil.rmtree(checkpoint)
    assert train(kill_at_operation, number, checkpoint), number
    assert not result.exists()
    assert not train()
    for name, array in take_result().items():
        np.testing.assert_array_equal(array, expected[name], f"kill {number}: {name}")
print(json.dumps([operations, numbers]))
"""


@pytest.mark.slow
def test_killed_training_ends_with_the_same_weights(tmp_path):
    kills = int(os.environ.get("KILLS", "4"))

    shown = subprocess.run(
        [sys.executable, "-c", TRAIN, tmp_path, str(kills)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {"PYTHONPATH": ":".join([*sys.path, str(Path(__file__).parent)])},
    )

    assert shown.returncode == 0, shown.stderr
    operations, numbers = json.loads(shown.stdout.splitlines()[-1])
    assert operations > 20
    assert len(numbers) == min(kills, operations)

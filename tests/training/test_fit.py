import logging

import numpy as np
import pytest
from changed_code import change_code

from lfw17_kedro.files.folder_lock import LockedError
from lfw17_kedro.training.batches import make_batches
from lfw17_kedro.training.checkpoint import delete_checkpoint, lock_checkpoint
from lfw17_kedro.training.fit import (
    compile_training_model,
    fit_network,
    train_classifier,
)

EPOCHS = 4
IMAGES = np.random.default_rng(0).uniform(-1, 1, (12, 4, 4, 1)).astype(np.float32)
LABELS = np.arange(12) % 2


def make_network(learning_rate=0.1):
    """A network with all that must survive a kill: dropout, batch norm, momentum."""
    import keras

    keras.utils.set_random_seed(7)
    network = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(2),
        ]
    )
    network.compile(
        keras.optimizers.Adam(learning_rate),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return network


class KilledError(Exception):
    pass


def fit(network, checkpoint, fingerprint="a", killed_in=None, **changes):
    """Train, or die at the start of an epoch as a killed run would."""
    import keras

    still = {
        "flip_probability": 0.5,
        "max_degrees": 9,
        "max_shift": 0.1,
        "max_zoom": 0.1,
    }

    def stream(first_step):
        return make_batches(
            IMAGES,
            LABELS,
            2,
            batch_size=4,
            augmentation=still,
            seed=5,
            first_step=first_step,
        )

    if killed_in is not None:

        def die(epoch, logs):
            if epoch == killed_in:
                raise KilledError

        plain = network.fit

        def fit_until_killed(*args, callbacks, **kwargs):
            end = keras.callbacks.LambdaCallback(on_epoch_begin=die)
            return plain(*args, callbacks=[*callbacks, end], **kwargs)

        network.fit = fit_until_killed
    settings = {
        "epochs": EPOCHS,
        "steps_per_epoch": 3,
        "checkpoint": checkpoint,
        "fingerprint": fingerprint,
    }
    return fit_network(network, stream, **settings | changes)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    network = make_network()
    history = fit(network, tmp_path_factory.mktemp("whole") / "checkpoint")
    return network, history


def assert_same_weights(network, expected):
    for ours, theirs in zip(network.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_history_has_one_row_an_epoch(uninterrupted):
    _, history = uninterrupted

    assert history["epoch"].tolist() == list(range(EPOCHS))
    assert set(history) == {"epoch", "loss", "accuracy"}


def test_a_step_is_traced_once():
    import keras

    sequential = make_network()
    network = keras.Model(sequential.inputs, sequential.outputs)
    model = compile_training_model(network, keras.optimizers.Adam(0.1), 0.0)
    plain, traces = model.train_step, []

    def count(batch):
        traces.append(batch)
        return plain(batch)

    model.train_step = count
    model.fit(IMAGES, np.eye(2)[LABELS], epochs=2, batch_size=4, verbose=0)

    assert len(traces) == 1


def test_killed_training_ends_as_if_nothing_had_happened(
    tmp_path, uninterrupted, caplog
):
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(KilledError):
        fit(make_network(), checkpoint, killed_in=2)

    network = make_network()
    with caplog.at_level(logging.INFO):
        history = fit(network, checkpoint)

    assert "resuming after epoch 2 of" in caplog.text
    expected_network, expected_history = uninterrupted
    assert_same_weights(network, expected_network)
    assert history.equals(expected_history)


def test_damaged_checkpoint_is_discarded_for_the_one_before(
    tmp_path, uninterrupted, caplog
):
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(KilledError):
        fit(make_network(), checkpoint, killed_in=2)
    file = checkpoint / "epoch_0002.npz"
    file.write_bytes(file.read_bytes()[:-1000])

    network = make_network()
    with caplog.at_level(logging.INFO):
        history = fit(network, checkpoint)

    assert f"of this network in {file}, got a damaged one" in caplog.text
    assert "resuming after epoch 1 of 4" in caplog.text
    assert_same_weights(network, uninterrupted[0])
    assert history.equals(uninterrupted[1])


def test_two_trainings_never_share_a_checkpoint(tmp_path):
    checkpoint = tmp_path / "checkpoint"
    other = lock_checkpoint(checkpoint)
    other.acquire("python notebook.py")

    with pytest.raises(LockedError) as error:
        fit(make_network(), checkpoint)

    assert str(error.value).startswith(f"{checkpoint}: `python notebook.py`, process ")
    assert "is training with this checkpoint; wait until it ends" in str(error.value)
    other.release()
    fit(make_network(), checkpoint)
    other.acquire("python notebook.py")  # fit has released it
    other.release()


def test_checkpoint_of_other_data_is_discarded(tmp_path, uninterrupted, caplog):
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(KilledError):
        fit(make_network(), checkpoint, fingerprint="other", killed_in=2)

    network = make_network()
    history = fit(network, checkpoint, fingerprint="a")

    assert "was made with other data, settings, networks or code" in caplog.text
    assert_same_weights(network, uninterrupted[0])
    assert history["epoch"].tolist() == list(range(EPOCHS))


def test_finished_training_is_not_done_again(tmp_path):
    checkpoint = tmp_path / "checkpoint"
    first = make_network()
    fit(first, checkpoint)

    network = make_network()
    history = fit(network, checkpoint, killed_in=0)  # which never comes

    assert_same_weights(network, first)
    assert len(history) == EPOCHS
    delete_checkpoint(None, checkpoint)
    assert not checkpoint.exists()
    delete_checkpoint(None, checkpoint)


def test_validation_scores_are_in_the_history(tmp_path):
    targets = np.eye(2, dtype=np.float32)[LABELS]

    history = fit(make_network(), tmp_path / "checkpoint", validation=(IMAGES, targets))

    assert set(history) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy"}


@pytest.fixture
def train(tmp_path):
    """Train a classifier for two epochs, always with the same checkpoint."""
    import keras

    def train():
        sequential = make_network()
        network = keras.Model(sequential.inputs, sequential.outputs)
        train_classifier(
            network,
            keras.optimizers.Adam(0.1),
            IMAGES,
            LABELS,
            2,
            epochs=2,
            batch_size=4,
            augmentation=None,
            label_smoothing=0.0,
            seed=0,
            checkpoint=tmp_path / "checkpoint",
            fingerprint=None,
        )
        return network

    return train


def test_classifier_resumes_whatever_was_built_before(train, caplog):
    import keras

    first = train()
    keras.layers.Dense(3)  # moves the numbers in the names of later layers
    with caplog.at_level(logging.INFO):
        again = train()

    assert first.layers[-1].name != again.layers[-1].name
    assert "resuming after epoch 2 of" in caplog.text
    assert_same_weights(again, first)
    assert {type(layer).__module__.split(".")[0] for layer in again.layers} == {"keras"}


def test_classifier_trained_by_other_code_is_trained_again(train, caplog):
    train()

    with change_code("lfw17_kedro.training.batches"):
        train()

    assert "networks or code and is discarded" in caplog.text
    assert "resuming" not in caplog.text


def test_loss_that_is_no_number_ends_training(tmp_path):
    network = make_network()
    weights = network.get_weights()
    network.set_weights([np.full_like(w, np.nan) for w in weights])

    with pytest.raises(ValueError, match="no longer a number after 1 epochs; choose a"):
        fit(network, tmp_path / "checkpoint")
    assert not [*(tmp_path / "checkpoint").glob("*.npz")]

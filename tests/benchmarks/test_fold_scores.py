import numpy as np
import pytest
from benchmarks.fold_scores import (
    Predictions,
    Score,
    average,
    choose,
    join_folds,
    pool,
    score,
    write_row,
)
from benchmarks.fold_store import FoldKey, FoldResult

N = 40
LABELS = np.arange(N) % 2
FOLDS = np.arange(N) // 2 % 5  # both people in each


def predict(right, wrong=()):
    """Give the truth a probability, but for the images that are wrong."""
    truth = np.where(np.isin(np.arange(N), wrong), 1 - right, right)
    bob = np.where(LABELS == 1, truth, 1 - truth)
    return Predictions(np.stack([1 - bob, bob], axis=1), LABELS, FOLDS)


def test_folds_are_joined_by_id():
    def fold(number, ids, bob):
        values = np.array([[1 - one, one] for one in bob])
        key = FoldKey("net", "", 0, number, 2)
        return FoldResult(
            key=key,
            ids=ids,
            probabilities=values,
            seconds=1.0,
            code="",
            revision="",
            machine="",
            versions={},
        )

    labels = {"c": 1, "a": 0, "b": 1}

    joined = join_folds(
        [fold(0, ["b"], [0.2]), fold(1, ["a", "c"], [0.1, 0.3])], labels
    )

    np.testing.assert_allclose(joined.probabilities[:, 1], [0.3, 0.1, 0.2])
    assert joined.labels.tolist() == [1, 0, 1]
    assert joined.folds.tolist() == [1, 1, 0]
    with pytest.raises(ValueError, match="folds of 3 images, each once, got 2 predic"):
        join_folds([fold(0, ["a", "b"], [0.2, 0.3])], labels)


def test_scores_worked_out_by_hand():
    found = score(predict(0.8, wrong=[0, 2, 4, 6]))  # of four folds

    assert (found.correct, found.images) == (36, 40)
    assert found.log_loss == pytest.approx(-(36 * np.log(0.8) + 4 * np.log(0.2)) / 40)
    assert found.calibration_error == pytest.approx(0.9 - 0.8)
    assert found.calibrated_error < 0.1
    assert found.calibrated_log_loss < found.log_loss


def test_calibration_does_not_know_the_images_it_is_measured_on():
    # All mistakes are in one fold: its temperature, fitted on folds without a mistake,
    # makes them confident.
    mistakes = np.flatnonzero(FOLDS == 0)[:4]

    together, apart = (score(predict(0.8, one)) for one in (mistakes, [0, 2, 4, 6]))

    assert together.log_loss == pytest.approx(apart.log_loss)
    assert together.calibrated_log_loss > 1.2 * apart.calibrated_log_loss


def test_methods_that_err_on_different_images_are_better_together():
    pooled = pool([predict(0.9, [0]), predict(0.8, [1]), predict(0.7, [2])])

    assert pooled.keys() == {"mean", "log-linear"}
    assert score(pooled["mean"]).correct == N
    np.testing.assert_allclose(pooled["mean"].probabilities.sum(axis=1), 1)


def test_mean_of_settings_worked_out_by_hand():
    mean = average([predict(0.9), predict(0.6, wrong=[0])])

    np.testing.assert_allclose(mean.probabilities[:2], [[0.65, 0.35], [0.25, 0.75]])
    assert mean.labels is LABELS


def test_settings_are_chosen_without_the_fold_that_they_are_scored_on():
    # Each is right but for one fold: the best of all by a hair is wrong in fold 0.
    own = np.flatnonzero(FOLDS == 0)
    others = np.flatnonzero(FOLDS == 1)
    lucky = predict(0.9, others)  # right on fold 0
    steady = predict(0.9, own)  # wrong on fold 0, right elsewhere

    chosen, names = choose({"lucky": lucky, "steady": steady})

    # From outside fold 0 steady is right on all, from outside fold 1 lucky is.
    assert names[0] == "steady"
    assert names[1] == "lucky"
    correct = chosen.probabilities.argmax(axis=1) == LABELS
    assert not correct[own].any()  # a choice by all images would have been flattered
    assert not correct[others].any()


def test_equal_settings_are_told_apart_by_log_loss():
    _, names = choose({"unsure": predict(0.6), "sure": predict(0.9)})

    assert set(names.values()) == {"sure"}


def test_a_row_gives_each_seed_and_the_spread():
    scores = [Score(n, 200, 0.2, 0.1, 0.06, 0.02) for n in (198, 194, 196)]

    row = write_row("net", "conf", scores, [60, 120])

    assert row[:3] == ["net", "conf", "198, 194, 196 of 200"]
    assert row[3:5] == ["0.9800", "0.0100"]
    assert row[5:] == ["0.2000", "0.1000", "0.0600", "0.0200", "1.5"]
    assert write_row("net", "conf", scores[:1], [])[4] == ""

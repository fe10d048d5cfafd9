import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import check_grad

from lfw17_kedro.faces.calibration import (
    GROUPS,
    _measure_loss,
    assign_groups,
    cross_fit_weights,
    fit_weights,
    pool_probabilities,
    scale_probabilities,
)


def test_pool_multiplies_powers():
    # 0.8^1 * 0.5^0.5 against 0.2^1 * 0.5^0.5: the second model says nothing.
    # 0.8 * 0.36^0.5 = 0.48 against 0.2 * 0.64^0.5 = 0.16: 3 to 1.
    first = np.array([[0.8, 0.2], [0.8, 0.2]])
    second = np.array([[0.5, 0.5], [0.36, 0.64]])

    pooled = pool_probabilities(np.stack([first, second]), np.array([1, 0.5]))

    np.testing.assert_allclose(pooled, [[0.8, 0.2], [0.75, 0.25]])


def test_pool_takes_weights_of_each_image():
    first = np.array([[0.8, 0.2], [0.8, 0.2]])
    second = np.array([[0.3, 0.7], [0.3, 0.7]])

    pooled = pool_probabilities(
        np.stack([first, second]), np.array([[1, 1e-9], [1e-9, 1]])
    )

    np.testing.assert_allclose(pooled, [[0.8, 0.2], [0.3, 0.7]], atol=1e-8)


def test_no_model_alone_rules_a_person_out():
    never, sure = np.array([[0.0, 1.0]]), np.array([[1 - 1e-15, 1e-15]])

    pooled = pool_probabilities(np.stack([never, sure]), np.ones(2))

    np.testing.assert_allclose(pooled, [[0.5, 0.5]], rtol=1e-3)


def test_scaling_worked_out_by_hand():
    # 0.8^2 : 0.2^2 = 16 : 1, and 0.9^0.5 : 0.1^0.5 = 3 : 1
    scaled = scale_probabilities(
        np.array([[0.8, 0.2], [0.9, 0.1]]), np.array([2.0, 0.5])
    )

    np.testing.assert_allclose(scaled, [[16 / 17, 1 / 17], [0.75, 0.25]])


def test_zero_stays_zero():
    scaled = scale_probabilities(np.array([[0.6, 0.4, 0.0]]), 0.01)

    assert scaled[0, 2] == 0
    np.testing.assert_allclose(scaled.sum(), 1)


numbers = arrays(np.float64, (3, 4), elements=st.floats(1e-300, 1))


@given(numbers, st.floats(1e-3, 1e3))
def test_scaling_keeps_the_prediction(values, weight):
    probabilities = values / values.sum(axis=1, keepdims=True)

    scaled = scale_probabilities(probabilities, weight)

    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    np.testing.assert_allclose(scaled.sum(axis=1), 1)


def test_neighbours_in_floating_point_keep_their_order():
    almost = np.nextafter(0.5, 0)  # its logarithm times 0.001 rounds to that of 0.5
    probabilities = np.array([[almost, 0.5]])

    scaled = scale_probabilities(probabilities, 1e-3)

    assert scaled.argmax() == 1


def test_underconfident_probabilities_are_sharpened():
    # 999 of 1,000 predictions are right. The best one confidence for all of them is the
    # accuracy that the loss counts with: (999 * (1 - d) + 1 * d) / 1,000, where
    # d = 0.5 / 1,001: 0.9985015.
    labels = np.zeros(1000, np.int64)
    labels[0] = 1
    probabilities = np.tile([0.8, 0.2], (1000, 1))

    [weight] = fit_weights(probabilities[None], labels)

    scaled = scale_probabilities(probabilities, weight)
    np.testing.assert_allclose(scaled[:, 0], 0.9985015, atol=1e-6)


@pytest.mark.parametrize("n_images", [4, 99])
def test_certainty_is_bounded_by_the_number_of_images(n_images):
    labels = np.arange(n_images) % 2
    probabilities = np.where(np.eye(2)[labels] == 1, 0.7, 0.3)

    [weight] = fit_weights(probabilities[None], labels)

    scaled = scale_probabilities(probabilities, weight)
    right = (n_images + 0.5) / (n_images + 1)
    np.testing.assert_allclose(scaled.max(axis=1), right, atol=1e-5)


def test_a_model_that_guesses_gets_no_weight():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 400)
    good = rng.dirichlet(np.ones(3), 400) + 2 * np.eye(3)[labels]
    noise = rng.dirichlet(np.ones(3), 400)
    models = np.stack([good / good.sum(axis=1, keepdims=True), noise])

    weights = fit_weights(models, labels)

    assert weights[0] > 1
    assert weights[1] < 0.1 * weights[0]


def test_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(1)
    logs = np.log(rng.dirichlet(np.ones(4), (2, 30)))
    labels = rng.integers(0, 4, 30)

    error = check_grad(
        lambda w: _measure_loss(w, logs, labels)[0],
        lambda w: _measure_loss(w, logs, labels)[1],
        np.array([0.7, 1.3]),
    )

    assert error < 1e-6


def test_the_same_probabilities_give_the_same_weights():
    rng = np.random.default_rng(2)
    probabilities, labels = rng.dirichlet(np.ones(3), (3, 50)), rng.integers(0, 3, 50)

    first, second = (fit_weights(probabilities, labels) for _ in range(2))

    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("shape", "labels"), [((1, 0, 2), 0), ((3, 2), 3)])
def test_weights_need_images(shape, labels):
    with pytest.raises(ValueError, match=rf"\(M, N, K\) for N > 0 .* {labels} labels"):
        fit_weights(np.full(shape, 0.5), np.zeros(labels, np.int64))


def test_groups_hold_their_part_of_each_person():
    among = [f"Ann/{i:02d}" for i in range(10)] + [f"Bob/{i:02d}" for i in range(5)]

    groups = assign_groups(among, among)

    assert np.bincount(groups[:10]).tolist() == [2] * GROUPS
    assert np.bincount(groups[10:]).tolist() == [1] * GROUPS
    some = ["Bob/03", "Ann/01"]
    found = [groups[among.index(one)] for one in some]
    assert assign_groups(some, among[::-1]).tolist() == found


def test_weights_of_a_group_do_not_know_its_images():
    labels, groups = np.zeros(10, np.int64), np.arange(10) % GROUPS
    probabilities = np.tile([0.6, 0.4], (1, 10, 1))
    before = cross_fit_weights(probabilities, labels, groups)
    labels[groups == 2] = 1  # both images of the group are wrong now

    after = cross_fit_weights(probabilities, labels, groups)

    assert before.shape == (GROUPS, 1)
    assert after[2] == before[2]
    assert (np.delete(after, 2) < np.delete(before, 2)).all()

import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.faces.metrics import measure_calibration
from lfw17_kedro.pipelines.modelling.calibrate import calibrate_probabilities
from lfw17_kedro.pipelines.modelling.results import make_submission

CLASS_NAMES = ["Ann", "Bob", "Eve"]
N = 60
TRAIN = pd.DataFrame(
    {
        "id": [*(f"{row:02d}" for row in range(N)), "00_1"],
        "label": [*np.arange(N) % 3, 0],
        "copy": [0] * N + [1],
        "fold": [*np.where(np.arange(N) < N // 2, 0, -1), 0],
    }
)
VALIDATED, ORIGINALS = TRAIN[: N // 2], TRAIN[:N]


def predict(ids, labels, confidence, wrong=0):
    """Give each truth a probability, the first few another person instead."""
    labels = np.array(labels)
    labels[:wrong] = (labels[:wrong] + 1) % 3
    rest = (1 - confidence) / 2
    values = np.eye(3)[labels] * (confidence - rest) + rest
    table = pd.DataFrame(values, columns=CLASS_NAMES)
    table.insert(0, "id", list(ids))
    return table


VALIDATION = predict(VALIDATED["id"], VALIDATED["label"], 0.6, wrong=3)
OUT_OF_FOLD = predict(ORIGINALS["id"], ORIGINALS["label"], 0.6, wrong=3)
TEST = predict(["0", "1", "2"], [2, 0, 1], 0.6)


def calibrate(validation=VALIDATION, out_of_fold=VALIDATION[:0], test=TEST):
    return calibrate_probabilities(validation, out_of_fold, test, TRAIN, CLASS_NAMES)


def test_temperature_is_fitted_on_validation_images():
    found, _, out_of_fold, test = calibrate()

    # 27 of 30 are right. The loss counts each truth with 30.5 / 31 and leaves the rest
    # to the others, among whom the prediction has the greater part for wrong images.
    assert (found["fitted_on"], found["images"]) == ("validation", 30)
    assert found["temperature"] < 1  # underconfident
    np.testing.assert_allclose(test[CLASS_NAMES].max(axis=1), 0.89, atol=0.01)
    assert len(out_of_fold) == 0


def test_temperature_is_fitted_out_of_fold_where_there_is_that():
    found, validation, out_of_fold, test = calibrate(out_of_fold=OUT_OF_FOLD)

    # 57 of 60 are right.
    assert (found["fitted_on"], found["images"]) == ("out_of_fold", 60)
    np.testing.assert_allclose(test[CLASS_NAMES].max(axis=1), 0.95, atol=0.01)
    # One image has one temperature, whichever table it is in.
    np.testing.assert_array_equal(
        out_of_fold[CLASS_NAMES][: N // 2], validation[CLASS_NAMES]
    )


def test_an_image_is_scaled_by_a_temperature_fitted_on_others():
    right = predict(VALIDATED["id"], VALIDATED["label"], 0.6, wrong=2)

    three, two = (calibrate(one)[1] for one in (VALIDATION, right))

    # The third image is wrong or right: its own group's temperature does not know.
    one, other = (table[CLASS_NAMES].max(axis=1) for table in (three, two))
    assert one[2] == pytest.approx(other[2], abs=1e-12)
    assert (one < other - 1e-6).sum() == 24  # those of the four other groups


def test_few_images_all_right_are_confident_but_not_certain():
    # As on ORL, where the SVM was right on all images with 83 % confidence.
    validation = predict(VALIDATED["id"], VALIDATED["label"], 0.83)

    _, validated, _, test = calibrate(validation, test=predict("0", [0], 0.83))

    confidences = validated[CLASS_NAMES].max(axis=1).to_numpy()
    assert measure_calibration(confidences, np.ones(30, bool)) < 0.05
    assert confidences.max() < 0.99
    np.testing.assert_allclose(test["Ann"], 30.5 / 31, atol=1e-3)


def test_submission_is_the_same_byte_for_byte():
    rng = np.random.default_rng(0)
    test = predict([str(k) for k in range(50)], [0] * 50, 0.6)
    test[CLASS_NAMES] = rng.dirichlet(np.ones(3), 50)
    before = test.copy()

    calibrated = calibrate(test=test)[3]

    pd.testing.assert_frame_equal(test, before)
    one, other = (
        make_submission(table, test, CLASS_NAMES).to_csv(index=False)
        for table in (test, calibrated)
    )
    assert one == other


def test_the_same_probabilities_in_another_order_are_scaled_alike():
    found, validation, _, _ = calibrate()
    again, turned, _, _ = calibrate(VALIDATION[::-1])

    assert again == found
    pd.testing.assert_frame_equal(
        turned.sort_values("id", ignore_index=True), validation
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"validation": VALIDATION[1:]}, "validation probabilities of the 30 images"),
        ({"out_of_fold": OUT_OF_FOLD[1:]}, "out-of-fold probabilities of the 60 ima"),
        ({"test": TEST.rename(columns={"Eve": "Zoe"})}, "test probabilities .* 'Zoe'"),
        ({"validation": None}, "validation probabilities of 30 images, got none: they"),
        (
            {"out_of_fold": None},
            "out-of-fold probabilities, got none: they have not be",
        ),
        ({"test": None}, "test probabilities, got none: they have not been made yet;"),
    ],
)
def test_probabilities_of_another_run_or_none_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        calibrate(**changes)

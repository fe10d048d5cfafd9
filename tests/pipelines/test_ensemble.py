import numpy as np
import pandas as pd
import pytest
from click import ClickException

from lfw17_kedro.pipelines.ensemble import create_pipeline
from lfw17_kedro.pipelines.ensemble.nodes import pool_methods

CLASS_NAMES = ["Ann", "Bob"]
TRAIN = pd.DataFrame(
    {
        "id": [f"{'AB'[row % 2]}/{row // 2}" for row in range(40)] + ["A/0_1"],
        "label": [row % 2 for row in range(40)] + [0],
        "copy": [0] * 40 + [1],
        "fold": [0 if row < 20 else -1 for row in range(40)] + [0],
    }
)
TEST = pd.DataFrame({"id": ["0", "1"], "label": [-1, -1]})


def tabulate(ids, bob):
    """Probabilities of some images, by that of Bob."""
    bob = np.broadcast_to(bob, len(ids))
    return pd.DataFrame({"id": list(ids), "Ann": 1 - bob, "Bob": bob})


def predict(method, right, test=(0.2, 0.6), wrong=(), out_of_fold=False):
    """Results of a method that gives the truth a probability, but for some images."""
    originals = TRAIN[:40]
    truth = np.where(originals["id"].isin(wrong), 1 - right, right)
    bob = np.where(originals["label"] == 1, truth, 1 - truth)
    every = tabulate(originals["id"], bob)
    return {
        f"{method}.validation_probabilities": every[:20],
        f"{method}.out_of_fold_probabilities": every if out_of_fold else every[:0],
        f"{method}.test_probabilities": tabulate(TEST["id"], np.array(test)),
    }


def nothing(method):
    return dict.fromkeys(predict(method, 0.5))


def pool(*results):
    every = {name: table for one in results for name, table in one.items()}
    return pool_methods(TRAIN, TEST, CLASS_NAMES, **every)


# Two methods that err on different images: their mean is right on all of them.
ALIKE = (
    predict("net", 0.9, (0.2, 0.6), wrong=["A/0"]),
    predict("svm", 0.9, (0.4, 0.9), wrong=["B/7"]),
)
# The second method is wrong on 6 of 20 images, where the first is right on all.
UNLIKE = (
    predict("net", 0.9, (0.2, 0.6)),
    predict("svm", 0.8, (0.9, 0.1), wrong=[*(f"A/{k}" for k in range(5)), "B/1"]),
)


def test_mean_is_used_where_its_log_loss_is_smaller():
    metadata, validation, out_of_fold, test = pool(*ALIKE)

    assert metadata["pooling"] == "mean"
    assert metadata["weights"] == {"net": 0.5, "svm": 0.5}
    assert metadata["log_loss"]["mean"] < metadata["log_loss"]["log_linear"]
    assert test["id"].tolist() == ["0", "1"]
    np.testing.assert_allclose(test["Bob"], [0.3, 0.75])
    assert validation["id"].tolist() == TRAIN["id"][:20].tolist()
    np.testing.assert_allclose(validation["Ann"][[0, 2]], [(0.1 + 0.9) / 2, 0.9])
    assert len(out_of_fold) == 0
    assert list(out_of_fold.columns) == ["id", *CLASS_NAMES]


def test_mean_is_used_where_both_are_equal():
    # Each method gives all its predictions one confidence, so either pooling does too.
    metadata, _, _, test = pool(predict("net", 0.6, (0.2, 0.6)), predict("svm", 0.8))

    assert metadata["log_loss"]["mean"] == pytest.approx(
        metadata["log_loss"]["log_linear"], abs=1e-5
    )
    assert metadata["pooling"] == "mean"
    np.testing.assert_allclose(test["Bob"], [0.2, 0.6])


def test_log_linear_pool_is_used_where_its_log_loss_is_smaller():
    metadata, validation, _, test = pool(*UNLIKE)

    assert metadata["pooling"] == "log_linear"
    assert metadata["log_loss"]["log_linear"] < metadata["log_loss"]["mean"]
    assert sum(metadata["weights"].values()) == pytest.approx(1)
    assert metadata["weights"]["svm"] < 0.01
    np.testing.assert_allclose(test["Bob"], [0.2, 0.6], atol=0.01)
    labels = TRAIN["label"][:20]
    assert (validation[CLASS_NAMES].to_numpy().argmax(axis=1) == labels).all()


def test_metadata_say_what_is_submitted_and_why():
    metadata = pool(*ALIKE)[0]

    mean, linear = metadata["log_loss"].values()
    assert metadata["explanation"] == (
        "The mean of net and svm is submitted. Its log loss on the 20 validation "
        f"images is {mean:.4f}, that of the log-linear pool {linear:.4f}, both with "
        "cross-fitted weights."
    )
    assert (metadata["fitted_on"], metadata["images"]) == ("validation", 20)


def test_weights_are_fitted_out_of_fold_where_every_method_was_cross_validated():
    both = predict("net", 0.9, out_of_fold=True), predict("svm", 0.8, out_of_fold=True)

    metadata, validation, out_of_fold, _ = pool(*both)

    assert (metadata["fitted_on"], metadata["images"]) == ("out_of_fold", 40)
    assert "the 40 training images (out of fold) is" in metadata["explanation"]
    assert out_of_fold["id"].tolist() == TRAIN["id"][:40].tolist()
    assert validation["id"].tolist() == TRAIN["id"][:20].tolist()
    one = pool(both[0], predict("svm", 0.8))[0]
    assert (one["fitted_on"], one["images"]) == ("validation", 20)


def test_missing_methods_are_named():
    half = nothing("cnn") | {"cnn.test_probabilities": tabulate(["0", "1"], 0.5)}

    metadata = pool(*ALIKE, nothing("hog"), half)[0]

    assert metadata["methods"] == ["net", "svm"]
    assert metadata["left_out"] == {
        "hog": "it has no results yet; run `kedro run --pipelines hog`.",
        "cnn": "it has no validation_probabilities; run `kedro run --pipelines cnn`.",
    }
    assert metadata["explanation"].endswith(
        "weights. hog is left out: it has no results yet; run `kedro run --pipelines "
        "hog`. cnn is left out: it has no validation_probabilities; run `kedro run "
        "--pipelines cnn`."
    )


def test_a_method_alone_is_no_ensemble():
    with pytest.raises(
        ValueError,
        match="at least 2 methods, got 1. hog is left out: it has no results yet; run",
    ):
        pool(ALIKE[0], nothing("hog"))


def test_probabilities_of_other_images_or_people_are_refused():
    name = "svm.validation_probabilities"
    other = ALIKE[1] | {name: ALIKE[1][name].assign(id=[f"C/{k}" for k in range(20)])}
    with pytest.raises(
        ValueError, match=r"validation probabilities of svm of the 20 im"
    ):
        pool(ALIKE[0], other)

    name = "svm.test_probabilities"
    other = ALIKE[1] | {name: ALIKE[1][name].rename(columns={"Bob": "Eve"})}
    with pytest.raises(
        ValueError, match="test probabilities of svm .* got 'Eve' instead"
    ):
        pool(ALIKE[0], other)


def test_rows_may_come_in_any_order():
    name = "svm.validation_probabilities"
    shuffled = ALIKE[1] | {name: ALIKE[1][name][::-1]}

    again = pool(ALIKE[0], shuffled)

    for one, other in zip(pool(*ALIKE)[1:], again[1:], strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_wiring_takes_any_methods():
    pipeline = create_pipeline(["hog", "net"])

    assert {"hog.test_probabilities", "net.out_of_fold_probabilities"} <= (
        pipeline.inputs()
    )
    assert {"ensemble.metrics", "ensemble.submission"} <= pipeline.outputs()
    assert {node.name.partition(".")[0] for node in pipeline.nodes} == {"ensemble"}


def test_pipeline_joins_what_was_run_and_is_compared(leave_results, run_project):
    leave_results("scratch_cnn", "facenet_svm")  # nothing says how they were made

    with pytest.raises(
        ClickException, match="facenet_svm.test_probabilities.* nothing"
    ):
        run_project("ensemble")
    warn = {"stale_inputs": "warn"}
    catalog = run_project("ensemble", runs=warn)
    metrics = catalog.load("ensemble.metrics")
    submission = catalog.load("ensemble.submission")
    run_project("ensemble", runs=warn)
    catalog = run_project("reporting")

    assert metrics["method"] == "ensemble"
    assert metrics["metadata"]["methods"] == ["scratch_cnn", "facenet_svm"]
    assert metrics["metadata"]["left_out"].keys() == {"transfer_learning"}
    assert submission["ImageId"].tolist() == list(range(9))
    pd.testing.assert_frame_equal(catalog.load("ensemble.submission"), submission)
    comparison = catalog.load("reporting.comparison")
    assert set(comparison["method"]) == {"scratch_cnn", "facenet_svm", "ensemble"}
    assert catalog.load("reporting.notes") == {
        "ensemble": metrics["metadata"]["explanation"]
    }
    assert "<strong>ensemble</strong>: The " in catalog.load("reporting.report")

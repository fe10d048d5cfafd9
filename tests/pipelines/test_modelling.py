import numpy as np
import pandas as pd
import pytest
from kedro.pipeline import Pipeline

from lfw17_kedro.pipelines.modelling import (
    Fitted,
    Method,
    MethodSettings,
    create_pipeline,
)
from lfw17_kedro.pipelines.modelling.nodes import (
    cross_validate_model,
    fit_model,
    predict_images,
    validate_model,
)
from lfw17_kedro.pipelines.modelling.results import make_submission, score_method
from lfw17_kedro.types import Features

CLASS_NAMES = ["Ann", "Bob"]


class Settings(MethodSettings):
    cross_validation_folds: int | None = 5


def remember(features, table, class_names, settings, seed, **options):
    """A model that knows by heart what it was trained on, and what it was told."""
    known = dict(zip(map(tuple, features.arrays["x"]), table["label"], strict=True))
    history = pd.DataFrame({"epoch": [0, 1]})
    return Fitted((known, options), {"train_images": len(features)}, history)


def recall(model, features):
    rows = [model[0].get(tuple(x)) for x in features.arrays["x"]]
    return np.array([[0.5, 0.5] if k is None else np.eye(2)[k] for k in rows])


METHOD = Method("memory", Settings, lambda: Pipeline([]), remember, recall)


@pytest.fixture
def table():
    """Ten originals of two people and one copy of each; the first four validate."""
    rows = [
        (f"{original}_{copy}", original % 2, original, copy, 0 if original < 4 else -1)
        for copy in (0, 1)
        for original in range(10)
    ]
    return pd.DataFrame(rows, columns=["id", "label", "original", "copy", "fold"])


def features_of(table, x):
    ids = table["id"].to_numpy(np.str_)
    return Features(ids, {"x": np.asarray(x, np.float32)}, "numbers")


def test_validation_predicts_originals_alone(table):
    features = features_of(table, np.eye(2)[table["label"]])

    predicted = validate_model(
        features, table, CLASS_NAMES, Settings(), 0, method=METHOD
    )

    assert predicted["id"].tolist() == ["0_0", "1_0", "2_0", "3_0"]
    assert predicted[CLASS_NAMES].to_numpy().argmax(axis=1).tolist() == [0, 1, 0, 1]


def test_validation_cannot_profit_from_copies(table):
    # Every original has a value of its own, shared only by its copy: who trains on the
    # copy of a validation image knows it by heart, who does not can only guess.
    features = features_of(table, np.eye(10)[table["original"]])

    predicted = validate_model(
        features, table, CLASS_NAMES, Settings(), 0, method=METHOD
    )
    result, _ = cross_validate_model(
        features, table, CLASS_NAMES, Settings(), 0, method=METHOD
    )

    assert (predicted[CLASS_NAMES] == 0.5).all(axis=None)
    assert result["mean_accuracy"] == 0.5  # ties go to Ann, who has half the images


def test_cross_validation_uses_every_original(table):
    features = features_of(table, np.eye(2)[table["label"]])

    result, predicted = cross_validate_model(
        features, table, CLASS_NAMES, Settings(), 0, method=METHOD
    )

    assert result == {"folds": 5, "accuracies": [1.0] * 5, "mean_accuracy": 1.0}
    assert sorted(predicted["id"]) == [f"{original}_0" for original in range(10)]
    labels = table.set_index("id")["label"].loc[predicted["id"]]
    assert (predicted[CLASS_NAMES].to_numpy().argmax(axis=1) == labels).all()


def test_cross_validation_can_be_switched_off(table):
    off = Settings(cross_validation_folds=None)

    result, predicted = cross_validate_model(
        None, table, CLASS_NAMES, off, 0, method=METHOD
    )

    assert result == {}
    assert list(predicted.columns) == ["id", *CLASS_NAMES]
    assert len(predicted) == 0


def test_every_fold_is_predicted_by_a_model_of_the_others(tmp_path):
    table = pd.DataFrame(
        {
            "id": list("abcdef"),
            "label": [0, 1, 0, 1, 0, 1],
            "original": [0, 1, 2, 3, 0, 2],
            "copy": [0, 0, 0, 0, 1, 1],
            "fold": [0, 0, 1, -1, 0, 1],
        }
    )
    features = features_of(table, np.arange(6)[:, None])
    seen = []

    def fit(features, table, *args, checkpoint, validation, final, **resources):
        validated = list(validation[0].ids)
        seen.append((list(features.ids), validated, checkpoint.name, final, resources))
        return Fitted(None, {}, pd.DataFrame({"epoch": [0]}))

    method = Method(
        "net",
        Settings,
        lambda: Pipeline([]),
        fit,
        lambda model, features: np.zeros((len(features), 2)),
        resumable=True,
    )
    predicted, history = validate_model(
        features,
        table,
        CLASS_NAMES,
        Settings(),
        0,
        tmp_path,
        method=method,
        backbone="b",
    )

    assert seen == [
        (["c", "d", "f"], ["a", "b"], "fold_0", False, {"backbone": "b"}),
        (["a", "b", "d", "e"], ["c"], "fold_1", False, {"backbone": "b"}),
    ]
    assert predicted["id"].tolist() == ["a", "b", "c"]
    assert history["fold"].tolist() == [0, 1]


def test_final_model_trains_on_everything(table):
    features = features_of(table, np.arange(20)[:, None])

    metadata, (_, options) = fit_model(
        features, table, CLASS_NAMES, Settings(), 0, method=METHOD
    )

    assert metadata == {"train_images": 20}
    assert options == {"final": True, "checkpoint": None, "validation": None}


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["0", "1", "1"], r"got 3 rows with 1 twice \(for example '1'\)"),
        (["0", "z", "2"], r"1 that the table does not have \(for example 'z'\)"),
        (["0"], r"got 1 rows with 2 missing \(for example '1'\)"),
        (["1", "0", "2"], r"another order \(row 0 is '1', not '0'\)"),
    ],
)
def test_features_of_other_images_are_refused(ids, message):
    table = pd.DataFrame({"id": ["0", "1", "2"]})
    features = Features(np.array(ids), {}, "numbers")

    with pytest.raises(ValueError, match=message):
        predict_images(None, features, table, CLASS_NAMES, method=METHOD)


def probabilities(ids, labels, spread=0.8):
    table = np.eye(2)[labels] * spread + (1 - spread) / 2
    table = pd.DataFrame(table, columns=CLASS_NAMES)
    table.insert(0, "id", ids)
    return table


def score(test_labels=(0, 0), validation_ids=("b", "a"), name="memory", **changes):
    train = {
        "id": ["a", "b", "a_1", "b_1"],
        "label": [0, 1, 0, 1],
        "copy": [0, 0, 1, 1],
        "fold": 0,
    }
    inputs = {
        "validation_probabilities": probabilities(validation_ids, [1, 1]),
        "test_probabilities": probabilities(["1", "0"], [1, 0]),
        "uncalibrated_validation_probabilities": probabilities(["a", "b"], [1, 1], 0.6),
        "uncalibrated_test_probabilities": probabilities(["1", "0"], [1, 0], 0.6),
        "calibration": {"temperature": 0.5},
        "metadata": {"train_images": 4},
        "cross_validation": {},
        "train_table": pd.DataFrame(train),
        "test_table": pd.DataFrame({"id": ["0", "1"], "label": test_labels}),
        "class_names": CLASS_NAMES,
        "feature_metadata": {"encoder": "net"},
    }
    return score_method(**inputs | changes, name=name)


def test_probabilities_are_joined_with_the_truth_by_id():
    metrics = score([0, 0])

    assert metrics["validation"]["confusion_matrix"] == [[0, 1], [0, 1]]
    assert metrics["test"]["correct"] == 1
    assert metrics["metadata"] == {"encoder": "net", "train_images": 4}
    assert metrics["cross_validation"] is None
    assert metrics["published"] is None


def test_unknown_test_labels_give_no_score():
    metrics = score([-1, -1])

    assert metrics["test"] is None
    assert metrics["calibration"]["before"]["test"] is None


def test_metrics_tell_what_calibration_changed():
    metrics = score([0, 0])

    # Both splits: one image right, one wrong; confidence 0.8 before and 0.9 after.
    assert metrics["calibration"]["temperature"] == 0.5
    before = metrics["calibration"]["before"]["test"]
    assert before["calibration_error"] == pytest.approx(0.8 - 0.5)
    assert before["log_loss"] == pytest.approx(-np.log([0.8, 0.2]).mean())
    assert before["bins"] == [
        {"images": 2, "confidence": pytest.approx(0.8), "accuracy": 0.5}
    ]
    assert metrics["test"]["calibration_error"] == pytest.approx(0.9 - 0.5)


def test_published_scores_stand_beside_ours_on_the_studys_data():
    labels = np.repeat(np.arange(7), (51, 183, 85, 395, 86, 60, 106))
    ids = np.arange(966).astype(str)
    people = [f"p{k}" for k in range(7)]
    table = pd.DataFrame(np.eye(7)[labels], columns=people)
    table.insert(0, "id", ids)
    metrics = score(
        validation_probabilities=table,
        train_table=pd.DataFrame({"id": ids, "label": labels, "copy": 0, "fold": 0}),
        test_table=pd.DataFrame({"id": ids[:322], "label": -1}),
        test_probabilities=table[:322],
        uncalibrated_validation_probabilities=table,
        uncalibrated_test_probabilities=table[:322],
        class_names=people,
        name="facenet_svm",
    )

    assert metrics["published"]["correct"] == 315


def test_probabilities_of_another_run_are_refused():
    with pytest.raises(
        ValueError, match=r"validation probabilities .* \(for example 'z'\)"
    ):
        score([0, 0], validation_ids=("a", "z"))
    with pytest.raises(ValueError, match="test probabilities of the 2 images"):
        score(test_probabilities=probabilities(["0"], [0]))


def test_submission_takes_its_numbers_from_the_ids():
    table = pd.DataFrame({"id": ["000000", "000001", "000002"]})
    shuffled = probabilities(["000002", "000000", "000001"], [0, 1, 0])

    text = make_submission(shuffled, table, CLASS_NAMES).to_csv(index=False)

    assert text == "ImageId,PredictedClass\n0,1\n1,0\n2,0\n"


def test_truncated_probabilities_give_no_submission():
    table = pd.DataFrame({"id": ["000000", "000001"]})

    with pytest.raises(ValueError, match="got 1 rows with 1 missing"):
        make_submission(probabilities(["000000"], [0]), table, CLASS_NAMES)


@pytest.mark.parametrize(
    ("columns", "found", "expected"),
    [
        (["id", "Bob", "Ann"], "Bob", "Ann"),
        (["id", "Ann"], None, "Bob"),
        (["id", "Ann", "Bob", "Eve"], "Eve", None),
        (["Ann", "Bob", "id"], "Ann", "id"),
    ],
)
def test_probabilities_of_other_people_are_refused(columns, found, expected):
    table = pd.DataFrame({"id": ["0", "1"]})
    others = probabilities(["0", "1"], [0, 1]).assign(Eve=0.0)[columns]
    message = f"test probabilities with .* got {found!r} instead of {expected!r}; they"

    with pytest.raises(ValueError, match=message):
        make_submission(others, table, CLASS_NAMES)
    with pytest.raises(ValueError, match=message):
        score(test_probabilities=others)


def test_model_of_other_people_is_refused(table):
    features = features_of(table, np.zeros((20, 1)))

    with pytest.raises(ValueError, match=r"probabilities \(20, 3\), .* got \(20, 2\)"):
        predict_images(({}, {}), features, table, [*CLASS_NAMES, "Eve"], method=METHOD)


def test_template_stands_under_the_methods_name():
    pipeline = create_pipeline(METHOD)

    assert {node.name for node in pipeline.nodes} == {
        f"memory.{name}"
        for name in (
            *("validate", "cross_validate", "fit", "predict"),
            *("calibrate", "score", "submit"),
        )
    }
    assert "params:memory" in pipeline.inputs()
    assert {tag for node in pipeline.nodes for tag in node.tags} == {
        "train",
        "predict",
        "validate",
        "report",
    }

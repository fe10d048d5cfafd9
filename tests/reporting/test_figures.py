import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.reporting.confusion import choose_people, plot_confusion
from lfw17_kedro.reporting.figures import (
    choose_split,
    plot_balance,
    plot_classes,
    plot_learning,
    plot_reliability,
)


def make_predictions(truths, predicted, method="net"):
    table = pd.DataFrame({"truth": truths, "predicted": predicted})
    table["correct"] = table["truth"] == table["predicted"]
    return table.assign(method=method, split="test")


def make_counts(number, images=2):
    return {
        f"Person {k}": {"train": images, "validation": 1, "test": k}
        for k in range(number)
    }


def test_people_with_the_most_mistakes_are_chosen():
    # Of 32 people, 31 is taken for 5 three times and 7 for 6 once.
    matrix = 10 * np.eye(32, dtype=int)
    matrix[31, 5], matrix[7, 6] = 3, 1

    assert choose_people([matrix]).tolist() == [5, 6, 7, 31]
    assert choose_people([matrix[:30, :30]]).tolist() == list(range(30))


def test_at_most_30_people_are_chosen():
    matrix = np.ones((200, 200), int)
    matrix[199, 0] = 5

    chosen = choose_people([matrix]).tolist()

    assert len(chosen) == 30
    assert {0, 199} <= set(chosen)


def test_confusion_names_the_most_frequent_mistake():
    predictions = make_predictions([0, 0, 0, 1], [0, 1, 1, 1])

    figure = plot_confusion(predictions, ["Ann", "<b>Bob</b>"])

    assert figure.data[0].z.tolist() == [[1, 2], [0, 1]]
    assert list(figure.data[0].x) == ["Ann", "&lt;b&gt;Bob&lt;/b&gt;"]
    assert figure.layout.meta["description"] == (
        "Confusion matrix. net: 2 of 4 test images correct; most frequent mistake: Ann "
        "predicted as <b>Bob</b>, 2 images."
    )
    assert figure.layout.meta["note"] == ""


def test_confusion_of_200_people_shows_those_with_mistakes_and_says_so():
    truths = np.arange(200)
    predicted = np.where(truths == 150, 20, truths)
    names = [f"p{k}" for k in range(200)]

    figure = plot_confusion(make_predictions(truths, predicted), names)

    assert list(figure.data[0].x) == ["p20", "p150"]
    assert figure.layout.meta["note"] == (
        "Shown are 2 of 200 people, those with the most mistakes."
    )
    assert "2 of 200 people" in figure.layout.xaxis.title.text


def test_confusion_of_200_people_without_a_mistake_says_so():
    truths = np.arange(200)

    figure = plot_confusion(make_predictions(truths, truths), [str(k) for k in truths])

    assert "No mistakes on the test" in figure.layout.annotations[0].text


def test_any_number_of_methods_has_a_matrix_each():
    methods = [f"m{k}" for k in range(9)]
    tables = [make_predictions([0, 1], [0, 0], method) for method in methods]

    figure = plot_confusion(pd.concat(tables, ignore_index=True), ["Ann", "Bob"])

    assert [title.text for title in figure.layout.annotations] == methods
    assert len({trace.xaxis for trace in figure.data}) == 9


def test_the_lowest_30_people_of_200_have_bars():
    scores = pd.DataFrame(
        {
            "method": "net",
            "split": "test",
            "person": [f"p{k}" for k in range(200)],
            "precision": 1.0,
            "recall": 1.0,
            "f1": np.linspace(1, 0.005, 200),  # p199 is the lowest
            "images": 3,
        }
    )

    figure = plot_classes(scores, "test")

    assert list(figure.data[0].y) == [f"p{k}" for k in range(199, 169, -1)]
    assert figure.layout.meta["description"].endswith("Lowest: p199 with 0.005 by net.")
    assert figure.layout.meta["note"] == (
        "Shown are 30 of 200 people, those with the lowest F1 scores."
    )


def test_people_without_images_in_the_split_have_no_bar():
    scores = pd.DataFrame(
        {
            "method": "net",
            "split": "test",
            "person": ["Ann", "Bob", "Eve"],
            "precision": [1.0, 0.5, 0.0],
            "recall": [1.0, 0.5, 0.0],
            "f1": [1.0, 0.5, 0.0],
            "images": [3, 3, 0],
        }
    )

    figure = plot_classes(scores, "test")

    assert list(figure.data[0].y) == ["Ann", "Bob"]
    assert figure.layout.meta["description"].endswith("Lowest: Bob with 0.500 by net.")


def test_balance_has_a_bar_for_each_of_40_people_and_a_histogram_beyond():
    bars = plot_balance(make_counts(40))
    histogram = plot_balance(make_counts(41))

    assert {trace.type for trace in bars.data} == {"bar"}
    assert {trace.type for trace in histogram.data} == {"histogram"}
    assert list(histogram.data[2].x) == list(range(41))
    assert bars.layout.meta["description"] == (
        "Original images of 40 people, 900 in all: from 3 (Person 0) to 42 (Person 39)."
    )


@pytest.mark.parametrize(("last", "split"), [(1, "test"), (-1, "validation")])
def test_validation_is_shown_where_a_test_label_is_unknown(last, split):
    tested = make_predictions([0, last], [0, 0])
    validated = make_predictions([0], [0]).assign(split="validation")

    chosen, shown = choose_split(pd.concat([validated, tested], ignore_index=True))

    assert chosen == split
    assert len(shown) == (2 if split == "test" else 1)


def test_learning_curves_name_any_method():
    history = pd.DataFrame({"fold": 0, "network": 0, "epoch": [0, 1]})
    history = history.assign(loss=1.0, accuracy=0.5, val_loss=1.0)
    history["val_accuracy"] = [0.25, 0.75]

    figure = plot_learning({"my<net>": history, "svm": None})

    assert {curve.name for curve in figure.data} == {"my&lt;net&gt;"}
    assert [curve.showlegend for curve in figure.data].count(True) == 1
    assert "my<net> ends at 75.0%" in figure.layout.meta["description"]
    assert plot_learning({"svm": None}).data == ()


def test_reliability_is_shown_before_and_after_calibration():
    # Three of four are right: with 0.6 before calibration, with 0.9 or 0.3 after.
    predictions = pd.DataFrame(
        {
            "method": "net",
            "split": "test",
            "truth": 0,
            "confidence": [0.9, 0.9, 0.9, 0.3],
            "correct": [True, True, True, False],
        }
    )
    raw = [{"images": 4, "confidence": 0.6, "accuracy": 0.75}]

    figure = plot_reliability(predictions, {"net": {"test": {"bins": raw}}})

    before, after = (one for one in figure.data if one.name == "net")
    assert (list(before.x), list(before.y)) == ([0.6], [0.75])
    np.testing.assert_allclose(after.x, [0.3, 0.9])
    assert list(after.y) == [0, 1]
    assert [one.showlegend for one in (before, after)] == [True, False]
    assert (before.yaxis, after.yaxis) == ("y", "y2")
    assert figure.layout.meta["description"] == (
        "Accuracy against confidence on the test images, before and after calibration. "
        "net: mean confidence 60.0% before and 75.0% after, accuracy 75.0%."
    )

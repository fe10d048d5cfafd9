import numpy as np
import pandas as pd
import pytest

from lfw17_kedro.gallery_types import OpenSetThreshold
from lfw17_kedro.people.open_set import trace_curve
from lfw17_kedro.reporting.open_set import fraction_below, plot_open_set, plot_trade_off
from lfw17_kedro.reporting.style import read_description


def make_threshold(leave_one_out=(), cohort=(), genuine=(), value=0.5, rate=0.01):
    sets = [np.sort(np.array(one, float)) for one in (leave_one_out, cohort, genuine)]
    attainable = 1 / (max(len(sets[0]), len(sets[1])) + 1)
    return OpenSetThreshold(value, rate, attainable, *sets)


FULL = make_threshold(
    leave_one_out=[0.1, 0.2, 0.3, 0.6], cohort=[0.0, 0.1], genuine=[0.4, 0.5, 0.7, 0.8]
)


def find_trace(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def test_fraction_below_counts_a_score_at_the_value_as_accepted():
    assert fraction_below(np.array([0.1, 0.5, 0.7, 0.9]), 0.5) == 0.25
    assert np.isnan(fraction_below(np.array([]), 0.5))


def test_plot_open_set_counts_every_score_once():
    figure = plot_open_set(FULL, trace_curve(FULL, 101))

    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [trace.name for trace in bars] == [
        "enrolled people as strangers (4)",
        "strangers of the cohort (2)",
        "enrolled people as themselves (4)",
    ]
    assert [int(trace.customdata.sum()) for trace in bars] == [4, 2, 4]
    np.testing.assert_allclose([trace.y.sum() for trace in bars], 1)


def test_plot_open_set_draws_the_threshold():
    figure = plot_open_set(FULL, trace_curve(FULL, 101))

    assert {line.x0 for line in figure.layout.shapes} == {0.5}
    assert "threshold 0.500" in [note.text for note in figure.layout.annotations]


def test_plot_open_set_shows_the_rates_of_each_threshold():
    curve = trace_curve(FULL, 101)

    figure = plot_open_set(FULL, curve)

    missed = find_trace(figure, "enrolled people as themselves: missed")
    # Steps: none below 0.4, then a quarter for each of the four scores.
    assert sorted(set(missed.customdata)) == [0, 0.25, 0.5, 0.75]
    # Zero has its place below the smallest rate of the largest set, half of 1/4.
    assert missed.y.min() == 0.125
    assert figure.layout.yaxis2.tickvals[0] == 0.125
    assert figure.layout.yaxis2.ticktext[0] == "0"


def test_plot_open_set_leaves_sets_without_scores_out():
    threshold = make_threshold(cohort=[0.1, 0.2])

    figure = plot_open_set(threshold, trace_curve(threshold, 11))

    assert len(figure.data) == 2
    assert all("cohort" in trace.name for trace in figure.data)


def test_plot_open_set_of_nobody_is_a_note():
    threshold = make_threshold()

    figure = plot_open_set(threshold, trace_curve(threshold, 2))

    assert "Nobody is enrolled" in read_description(figure)["description"]


def test_plot_open_set_takes_equal_scores():
    threshold = make_threshold(cohort=[0.5] * 3)

    figure = plot_open_set(threshold, trace_curve(threshold, 11))

    assert figure.data[0].customdata.sum() == 3


def test_plot_open_set_stays_small():
    rng = np.random.default_rng(0)
    threshold = make_threshold(*rng.normal([0.2, 0.1, 0.8], 0.1, (20000, 3)).T)

    figure = plot_open_set(threshold, trace_curve(threshold, 1001))

    assert len(figure.to_json()) < 150_000


def test_plot_trade_off_marks_the_threshold_chosen_on_both_curves():
    figure = plot_trade_off(FULL, trace_curve(FULL, 101))

    marks = [trace for trace in figure.data if trace.mode == "markers"]
    # At 0.5: one of four enrolled strangers, none of two, and one of four missed.
    assert [tuple(mark.customdata[0]) for mark in marks] == [
        (0.25, 0.25, 0.5),
        (0.0, 0.25, 0.5),
    ]
    assert [mark.x[0] for mark in marks] == [0.25, 0.125]  # 0 has its place there
    description = read_description(figure)["description"]
    assert "25.0% are missed" in description
    assert "enrolled people as strangers: 25.0% accepted" in description


def test_plot_trade_off_passes_through_every_rate():
    figure = plot_trade_off(FULL, trace_curve(FULL, 1001))

    line = find_trace(figure, "enrolled people as strangers")
    pairs = {tuple(pair) for pair in line.customdata[:, :2].round(6).tolist()}
    assert pairs == {
        (1, 0), (0.75, 0), (0.5, 0), (0.25, 0), (0.25, 0.25), (0.25, 0.5), (0, 0.5),
        (0, 0.75),
    }  # fmt: skip


@pytest.mark.parametrize(
    "threshold", [make_threshold(cohort=[0.1]), make_threshold(genuine=[0.9])]
)
def test_plot_trade_off_without_one_side_is_a_note(threshold):
    figure = plot_trade_off(threshold, trace_curve(threshold, 11))

    assert "needs a person with two photos" in read_description(figure)["description"]


def test_plot_trade_off_with_one_person_has_the_cohort_alone():
    threshold = make_threshold(cohort=[0.1, 0.2], genuine=[0.8, 0.9])

    figure = plot_trade_off(threshold, trace_curve(threshold, 11))

    assert [trace.name for trace in figure.data] == [
        "strangers of the cohort",
        "the chosen threshold",
    ]


def test_figures_take_a_curve_read_from_a_table():
    curve = pd.DataFrame(trace_curve(FULL, 11).to_dict("list"))

    assert len(plot_open_set(FULL, curve).data) == 6

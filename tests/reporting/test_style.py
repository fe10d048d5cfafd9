import plotly.graph_objects as go

from lfw17_kedro.reporting.style import (
    choose_styles,
    describe_figure,
    escape_markup,
    has_buttons,
    plot_note,
    put_legend_on_top,
    read_description,
    set_look,
    spell_note,
)


def test_markup_and_templates_become_entities():
    assert escape_markup("<b>Ann</b>") == "&lt;b&gt;Ann&lt;/b&gt;"
    assert escape_markup("A & B %{x}") == "A &amp; B %&#123;x}"


def test_36_methods_look_different():
    styles = choose_styles([f"method_{index}" for index in range(36)])

    looks = {(style.color, style.symbol) for style in styles.values()}
    assert len(looks) == 36
    assert len({(style.color, style.pattern) for style in styles.values()}) == 36


def test_descriptions_are_kept_in_the_figure():
    figure = describe_figure(go.Figure(), "Ann has 2 images.", "Shown is Ann.")

    stored = go.Figure(figure.to_dict())
    assert read_description(stored) == {
        "description": "Ann has 2 images.",
        "note": "Shown is Ann.",
    }
    assert read_description(go.Figure()) == {"description": "", "note": ""}


def test_figures_are_transparent_for_a_dark_page():
    layout = plot_note("Nothing.").layout

    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.template.layout.paper_bgcolor is None


def test_a_legend_on_top_and_buttons_do_not_meet():
    plot = set_look(go.Figure(go.Bar(x=[1])), 500)
    assert (plot.layout.legend.yref, plot.layout.legend.y) == ("container", 0)
    assert has_buttons(plot)

    put_legend_on_top(plot)

    legend = plot.layout.legend
    assert (legend.yref, legend.y, legend.yanchor) == ("paper", 1, "bottom")
    assert legend.orientation == "h"
    assert not has_buttons(plot)


def test_a_note_has_nothing_to_zoom():
    assert not has_buttons(plot_note("Nothing."))


def test_a_note_becomes_a_sentence():
    assert spell_note("2 of 9 people: most mistakes") == (
        "Shown are 2 of 9 people, those with the most mistakes."
    )
    assert spell_note("") == ""

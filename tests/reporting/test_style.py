import plotly.graph_objects as go

from lfw17_kedro.reporting.style import (
    choose_styles,
    describe_figure,
    escape_markup,
    plot_note,
    read_description,
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

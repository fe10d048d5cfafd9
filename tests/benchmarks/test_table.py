import pytest
from benchmarks.processes import Measured
from benchmarks.table import (
    HEADER,
    Entry,
    Once,
    make_cells,
    render,
    show_fraction,
    show_spread,
)

ENTRY = Entry("ours", 5e8, "float32")
# Of 8 images: 10 and 30 ms to find, 1 ms to cut, 5 ms to embed one of them.
ROW = Measured(
    [
        {"find": 0.010, "cut": 0.001, "embed": 0.005, "together": 0.016},
        {"find": 0.030, "cut": 0.001, "embed": 0.005, "together": 0.036},
    ],
    faces=4,
    found=(7, 9),
    memory=3 * 2**20,
)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([2.0], "2.0"),
        ([3.0, 1.0, 8.0], "3.0 ± 3.5"),
        ([1.0, 2.0], "1.5 ± 0.5"),
    ],
)
def test_spread_is_the_median_and_half_the_range(values, shown):
    assert show_spread(values) == shown


def test_spread_has_the_digits_asked_for():
    assert show_spread([250.4, 260.4], 0) == "255 ± 5"


def test_fraction_is_the_operations_of_all_faces_over_the_time_and_the_peak():
    # 4 faces of 0.5 GFLOP in 8 x 5 ms are 50 GFLOP/s.
    assert show_fraction(ENTRY, ROW, 8, {"float32": 200e9}) == "25%"


@pytest.mark.parametrize(
    ("entry", "row", "peaks"),
    [
        (ENTRY._replace(operations=None), ROW, {"float32": 1e9}),
        (ENTRY, ROW._replace(faces=0), {"float32": 1e9}),
        (ENTRY, ROW, {"bfloat16": 1e9}),
    ],
)
def test_fraction_is_empty_without_an_encoder_faces_or_a_peak(entry, row, peaks):
    assert show_fraction(entry, row, 8, peaks) == ""


def test_cells_have_milliseconds_and_counts():
    once = Once({"ours": [4.0, 6.0]}, {"ours": 3e-7})

    cells = make_cells(ENTRY, ROW, (8, 16), {"float32": 200e9}, once)

    assert cells == [
        *("20.0 ± 10.0", "1.0 ± 0.0", "5.0 ± 0.0", "26.0 ± 10.0"),
        *("25%", "7 of 8", "9 of 16", "5.0 ± 1.0", "3e-07", "3"),
    ]


def test_cells_of_later_rows_leave_out_what_is_measured_once():
    cells = make_cells(ENTRY, ROW, (8, 16), {}, None)

    assert cells[HEADER.index("first answer, s") - 3 :] == ["", "", "3"]


def test_cells_of_a_detector_are_empty_where_it_has_no_stage():
    row = Measured([{"find": 0.002}], found=(1, 1))

    cells = make_cells(Entry("mtcnn", None, "float32"), row, (1, 1), {}, None)

    assert cells == ["2.0", "", "", "", "", "1 of 1", "1 of 1", "", "", "0"]


def test_a_failure_says_why_in_the_first_cell():
    cells = make_cells(ENTRY, Measured([], failure="no memory"), (8, 8), {}, None)

    assert cells[0] == "failed: no memory"
    assert len(cells) == len(HEADER) - 3
    assert not any(cells[1:])


def test_table_is_markdown_with_aligned_columns():
    header = ("images", "a", "name", "ms")
    rows = [header, ("x", "1", "y|z", "12.5"), ("x", "1", "y", "failed: no | memory")]

    assert render(rows).splitlines() == [
        "| images | a | name |   ms |",
        "| ------ | - | ---- | ---: |",
        "| x      | 1 | y/z  | 12.5 |",
        "| x      | 1 | y    | failed: no / memory |",
    ]

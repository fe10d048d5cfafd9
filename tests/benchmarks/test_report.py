import argparse

import pytest
from benchmarks.images import ImageSet
from benchmarks.processes import Measured
from benchmarks.table import Entry, Once

from benchmarks import report

ENTRIES = {
    "ours": Entry("ours", 1e9, "float32"),
    "theirs": Entry("theirs", 1e9, "float32"),
    "half": Entry("half", 1e9, "bfloat16"),
}
SECONDS = [{"find": 0.25, "cut": 0.0, "embed": 0.5, "together": 0.75}]


def measured(*peaks):
    return Measured(SECONDS, faces=1, found=(1, 1), memory=0, peaks=peaks)


def test_the_fastest_product_of_each_precision_is_the_peak():
    rows = [
        ("ours", measured(1.0, 9.0, 2.0)),
        ("theirs", measured(3.0, 3.0, 4.0)),
        ("half", measured(8.0)),
        ("theirs", measured()),
    ]

    assert report.choose_peaks(ENTRIES, rows) == {
        "float32": (3.0, 3.0, 4.0),
        "bfloat16": (8.0,),
    }


def test_what_is_measured_once_stands_in_the_first_row_of_each_contestant():
    sets = [ImageSet(name, ["f"], [[(0, 0, 1, 1)]]) for name in ("small", "large")]
    results = {
        ("small", 1): {"ours": measured(4e9)},
        ("large", 1): {"ours": measured(8e9), "half": measured()},
    }
    once = Once({"ours": [2.0], "half": [3.0]}, {"half": 0.01})

    lines = report.lay_out(ENTRIES, sets, results, once).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]

    times = ["250.0", "0.0", "500.0", "750.0"]
    # 1 GFLOP in half a second, of 4 and of 8 GFLOP/s; no peak is known in bfloat16.
    assert cells == [
        ["small", "1", "ours", *times, "50%", "1 of 1", "1 of 1", "2.0", "", "0"],
        ["large", "1", "ours", *times, "25%", "1 of 1", "1 of 1", "", "", "0"],
        ["large", "1", "half", *times, "", "1 of 1", "1 of 1", "3.0", "1e-02", "0"],
    ]


def test_notes_say_what_is_missing_and_what_fractions_refer_to():
    notes = report.write_notes(
        {"half": "this processor has no bfloat16"},
        {"float32": [250e9, 270e9]},
        {"dlib_resnet": 5.4e8},
        {"theirs": {"torch": "2.13", "dlib": "20"}},
    )

    assert notes == [
        "half is missing: this processor has no bfloat16.",
        "Matrix products of float32: 260 ± 10 GFLOP/s.",
        "dlib_resnet: 0.54 GFLOP per face.",
        "theirs: torch 2.13, dlib 20.",
    ]


@pytest.fixture
def elsewhere(monkeypatch):
    monkeypatch.setattr(
        "benchmarks.machine.describe_revision", lambda: "2026-01-02, commit abc"
    )
    monkeypatch.setattr("benchmarks.machine.describe_machine", lambda: "A processor.")


def test_results_name_command_machine_date_and_revision(tmp_path, elsewhere):
    options = argparse.Namespace(
        images=8, rounds=3, sizes=[1, 8], only=["ours", "mtcnn"], lfw17="/home/me"
    )

    described = report.describe_command(options)
    report.write_results(tmp_path / "R.md", described, "| table |", ["a note."], 3)

    text = (tmp_path / "R.md").read_text()
    assert text.startswith(
        "# From photo files to embeddings\n\n"
        "`make benchmark ARGS='--images 8 --rounds 3 --sizes 1 8 --only ours "
        "mtcnn --lfw17 FOLDER'`, 2026-01-02, commit abc.\nA processor.\n\n"
        "| table |\n\n"
    )
    assert "Median ± half the range of the interleaved rounds (3)." in text
    assert text.endswith("\n\n- a note.\n")


def test_a_section_is_replaced_where_it_stands(tmp_path):
    file = tmp_path / "R.md"

    report.keep_section(file, "# One", "first")
    report.keep_section(file, "# Two", "second\n\n## Part")
    report.keep_section(file, "# One", "new")

    assert file.read_text() == ("# One\n\nnew\n\n# Two\n\nsecond\n\n## Part\n")

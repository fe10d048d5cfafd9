import numpy as np
import pytest
from benchmarks.search_cases import (
    KINDS,
    make_people,
    rate_groups,
    run_group,
    run_match,
    run_search,
)

from benchmarks import search


def compare(kind):
    """Cosines of two faces of one person, and of faces of two people."""
    vectors, labels = make_people(KINDS[kind], 2000, 200, 0)
    assert (vectors.shape, vectors.dtype) == ((2000, 128), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    first, second = np.triu_indices(2000, 1)
    cosines = (vectors @ vectors.T)[first, second]
    same = labels[first] == labels[second]
    return cosines[same], cosines[~same]


def test_invented_people_are_as_far_apart_as_those_of_orl():
    # Measured with dlib_resnet on ORL: 0.980 in the median, and 0.864, 0.924 (99 %).
    same, other = compare("as dlib")

    assert np.median(same) == pytest.approx(0.98, abs=0.005)
    assert np.median(other) == pytest.approx(0.864, abs=0.015)
    assert np.quantile(other, 0.99) == pytest.approx(0.924, abs=0.015)


def test_random_people_have_nothing_in_common():
    same, other = compare("apart")

    assert np.median(same) == pytest.approx(0.98, abs=0.005)
    assert np.median(other) == pytest.approx(0, abs=0.01)


def test_people_are_the_same_for_one_seed():
    one, two, other = (make_people(KINDS["apart"], 9, 3, seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one[0], two[0])
    assert (one[0] != other[0]).any()


def test_rate_groups_by_hand():
    # Pairs within groups: 0-1, 0-2, 1-2, 3-4. Of one person: 0-1, 3-4, and 2-5.
    precision, recall = rate_groups(
        np.array([0, 0, 0, 1, 1, -1]), np.array([0, 0, 1, 2, 2, 1])
    )

    assert (precision, recall) == (pytest.approx(2 / 4), pytest.approx(2 / 3))
    assert rate_groups(np.array([-1, -1]), np.array([-1, -1])) == (0, 0)


def test_each_case_measures_itself(tmp_path):
    found = run_search("apart", 2000, 50, "faiss")
    named = run_match("apart", 30, 40, "exact")
    grouped = run_group("apart", 100, "exact", str(tmp_path / "groups.npy"))

    assert found["recall"] > 0.99
    assert run_search("apart", 200, 5, "exact")["recall"] == 1
    assert (grouped["precision"], grouped["recall"]) == (1, 1)
    assert np.load(tmp_path / "groups.npy").shape == (100,)
    for answer in (found, named, grouped):
        assert answer["peak"] > 2**20
        assert min(answer["work"]) >= 0


def answer_case(work, **case):
    if work == "group":
        np.save(case["file"], [0, 0] if case["index"] == "exact" else [0, 1])
    return {
        "build": [1, 2],
        "work": [3.04, 4],
        "peak": 7 << 20,
        "recall": 0.25 if work == "group" else 0.5,
        "precision": 1,
    }


def test_tables_are_printed_and_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(search, "run_case", answer_case)
    monkeypatch.setattr("benchmarks.machine.describe_machine", lambda: "A processor.")
    file = tmp_path / "R.md"
    file.write_text("# Another\n\ntext\n")
    words = ["search", "--vectors", "2000", "--people", "9", "--faces", "5"]
    monkeypatch.setattr("sys.argv", [*words, "--results", str(file)])

    search.main()

    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    line = (
        "| search | apart | faiss | 2,000 | 1,000 | 1.0 | 2.0 | 3.0 | 4.0 | 50.0% | 7 |"
    )
    assert line in printed
    assert "| name | as dlib | exact | 9 | 10,000 | | | 3.0 | 4.0 | | 7 |" in printed
    row = "| group | as dlib | {} | 5 | 3.0 | 4.0 | 100.00% | 25.00% | {} | 7 |"
    assert row.format("exact", "100.00%") in printed
    assert row.format("faiss", "0.00%") in printed
    text = file.read_text()
    assert text.startswith("# Another\n\ntext\n\n# Search and grouping\n\n`make bench")
    assert "A processor." in text


def test_a_case_that_fails_says_why():
    case = {"kind": "odd", "vectors": 20, "probes": 2, "index": "exact"}

    with pytest.raises(RuntimeError, match=r"'odd'.* got status 1: (?s:.*)KeyError"):
        search.run_case(work="search", **case)

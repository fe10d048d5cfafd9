import operator

import pytest
from benchmarks.cluster import (
    HEADER,
    LISTED,
    Cost,
    list_files,
    make_row,
    measure_engine,
    parse_options,
)
from benchmarks.machine import MIB


def test_row_counts_the_shards_after_the_first():
    cost = Cost(1001, 2.0, 5.0, 100 * MIB, MIB, 200 * MIB, 3 * MIB)

    assert dict(zip(HEADER, make_row("dask", "a number", cost), strict=True)) == {
        "engine": "dask",
        "item of a shard": "a number",
        "shards": "1,001",
        "until the first, s": "2.0",
        "all, s": "5.0",
        "ms per shard": "3.000",
        "this process, MiB": "100",
        "this grew, MiB": "1.0",
        "scheduler, MiB": "200",
        "scheduler grew, MiB": "3.0",
    }


def test_row_without_a_scheduler_leaves_its_cells_empty():
    cost = Cost(1, 2.0, 2.0, MIB, 0, 0, 0)

    assert make_row("local", "a number", cost)[-3:] == ["0.0", "", ""]


def test_lists_are_as_long_as_those_of_real_shards():
    first, second = list_files(2)

    assert len(first) == len(second) == LISTED
    assert first[0].path == "0000000/0000000.jpg"
    assert second[0].path == "0000001/0000000.jpg"
    assert len({file.sha256 for file in first + second}) == 2 * LISTED


def test_every_shard_is_counted():
    cost = measure_engine("local", operator.index, range(50), 2)

    assert cost.shards == 50
    assert 0 < cost.first <= cost.seconds
    assert cost.client > 0
    assert (cost.scheduler, cost.scheduler_growth) == (0, 0)


def test_a_shard_that_fails_is_an_error():
    with pytest.raises(RuntimeError, match="expected no work, got TypeError"):
        measure_engine("local", operator.index, ["no number"], 2)


def test_numbers_below_one_are_refused(capsys):
    with pytest.raises(SystemExit):
        parse_options(["--counts", "0"])

    assert "--counts and --workers must be at least 1" in capsys.readouterr().err

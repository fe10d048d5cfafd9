import pytest
from benchmarks.scale import describe_command, parse_options, plan_runs


def test_every_engine_runs_on_the_smallest_number_and_local_alone_on_the_others():
    options = parse_options(["--counts", "400", "100", "200"])

    assert plan_runs(options) == [
        ("local", 100),
        ("processes", 100),
        ("dask", 100),
        ("local", 200),
        ("local", 400),
    ]


def test_large_numbers_run_with_the_engines_asked_for():
    words = ["--engines", "local", "--large-engines", "processes", "dask"]
    options = parse_options([*words, "--counts", "1", "2"])

    assert plan_runs(options) == [("local", 1), ("processes", 2), ("dask", 2)]


def test_defaults_are_those_of_the_published_table():
    options = parse_options([])

    assert options.counts == [10_000, 100_000]
    assert (options.workers, options.rounds, options.shard_size) == (2, 1, None)


def test_the_command_can_be_given_again(monkeypatch):
    monkeypatch.setattr("benchmarks.machine.describe_revision", lambda: "2026-01-02")
    monkeypatch.setattr("benchmarks.machine.describe_machine", lambda: "A processor.")
    options = parse_options(
        ["--counts", "5", "--engines", "local", "--shard-size", "2"]
    )

    assert describe_command(options) == (
        "`make benchmark-scale ARGS='--counts 5 --engines local --large-engines local "
        "--workers 2 --rounds 1 --shard-size 2'`, 2026-01-02.\nA processor."
    )


@pytest.mark.parametrize(
    "words", [["--counts", "0"], ["--shard-size", "-1"], ["--workers", "0"]]
)
def test_numbers_below_one_are_refused(words, capsys):
    with pytest.raises(SystemExit):
        parse_options(words)

    assert "--shard-size: 1 or more" in capsys.readouterr().err

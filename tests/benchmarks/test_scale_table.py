from benchmarks.machine import MIB
from benchmarks.scale_runs import Run
from benchmarks.scale_table import HEADER, compare_parts, make_row, write_notes

RUN = Run(
    photos=1000,
    faces=1400,
    seconds=30.0,
    scan=20.0,
    rest=4.0,
    processor=50.0,
    peak=1200 * MIB,
    scan_peak=1100 * MIB,
    largest=900 * MIB,
    processes=3,
    parts=5,
    store=15 * MIB,
    outputs=18 * MIB,
    files=2500,
)


def test_row_has_times_per_photo_and_memory_in_mib():
    row = dict(zip(HEADER, make_row(("dask", 1000), 2, [RUN]), strict=True))

    assert row == {
        "engine": "dask x2",
        "photos": "1,000",
        "faces": "1,400",
        "run, s": "30",
        "search, s": "20",
        "search, ms per photo": "20.00",
        "photos per second": "50.0",
        "rest, ms per photo": "4.00",
        "processor, ms per photo": "50.00",
        "peak MiB, all": "1200",
        "while searching": "1100",
        "largest process": "900",
        "processes": "3",
        "parts": "5",
        "scan, MiB": "15.0",
        "outputs, MiB": "18.0",
        "output files": "2,500",
    }


def test_row_of_several_rounds_has_spreads():
    row = make_row(("local", 1000), 2, [RUN, RUN._replace(scan=24.0)])

    assert row[0] == "local"
    assert row[HEADER.index("search, s")] == "22 ± 2"


def test_notes_compare_numbers_of_photos_and_engines():
    large = RUN._replace(
        photos=10_000,
        scan=210.0,
        seconds=270.0,
        processor=500.0,
        peak=1260 * MIB,
        scan_peak=1100 * MIB,
        store=150 * MIB,
        outputs=180 * MIB,
        files=24_100,
    )
    runs = {
        ("local", 1000): [RUN],
        ("processes", 1000): [RUN._replace(scan=19.0, seconds=33.0)],
        ("local", 10_000): [large],
    }

    assert write_notes(runs, []) == [
        "processes against local, 1,000 photos: search 0.95 times, whole run 1.10 "
        "times as long.",
        "local, 10,000 photos against 1,000: peak memory 1.05 times, while searching "
        "1.00 times, search per photo 1.05 times, whole run per photo 0.90 times.",
        # 240 s, 450 s, 60 MiB, 135 MiB, 162 MiB and 21,600 files over 9,000 photos.
        "local, each further photo: 26.67 ms, 50.00 ms of one core, 6991 bytes of "
        "memory, 15729 bytes of scan, 18874 bytes of outputs, 2.40 output files.",
        "1,000 photos: the same parts in all 2 runs.",
    ]


def test_notes_say_how_parts_differ():
    runs = {("local", 1000): [RUN, RUN]}

    assert write_notes(runs, ["local: 2 files"]) == ["local: 2 files"]


def test_parts_differ_in_content_or_where_one_is_missing():
    expected = {"f/part-1/a": "0", "f/part-1/b": "1", "f/part-2/a": "2"}

    assert compare_parts("dask", expected, expected) == []
    assert compare_parts("dask", {"f/part-1/a": "9", "f/part-1/b": "1"}, expected) == [
        "dask: 2 files of the scan differ: f/part-1/a, f/part-2/a"
    ]

"""The search for faces, by photos that nobody took."""

from lfw17_kedro.compute.scan_collection import FailedShard
from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.pipelines.people.nodes import _tabulate_failed


def test_paths_of_failed_shards_are_spelled_so_that_no_spreadsheet_runs_them():
    shard = (PhotoFile("=1+1.jpg", "a"), PhotoFile("b.jpg", "b"))

    table = _tabulate_failed([FailedShard(shard, "it died")])

    assert table.to_numpy().tolist() == [
        [1, "./=1+1.jpg", "it died"],
        [1, "b.jpg", "it died"],
    ]

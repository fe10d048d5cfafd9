"""Tables that are stored as artifacts, and records that are changed on purpose."""

import json

import pandas as pd

from lfw17_kedro.datasets.artifact_record import find_record
from lfw17_kedro.lineage.digest import hash_data

PHOTOS = "lfw17_kedro.datasets.JpgFolderDataset"
CSV = {"dataset": "pandas.CSVDataset", "save_args": {"index": False}}
OLD, NEW = pd.DataFrame({"id": [1, 2]}), pd.DataFrame({"id": [3, 4, 5]})
ORIGIN = {"node": "a.fit", "fingerprint": "f" * 64}


def overwrite(file, content):
    """Write to a file until its time of change is another: the clock may be coarse."""
    before = file.stat().st_ctime_ns
    while file.stat().st_ctime_ns == before:
        file.write_bytes(content)


def write_record(file, **changes):
    """Change the newest version in a record, whose checksum then fits again."""
    stored = json.loads(find_record(file).read_text())
    stored["versions"][0] |= changes
    stored["checksum"] = hash_data(json.dumps(stored["versions"], sort_keys=True))
    find_record(file).write_text(json.dumps(stored))

"""A scan store of photos that are invented."""

import pytest
from tests.stores.scanned_photos import D

from lfw17_kedro.stores.scan_store import ScanStore


@pytest.fixture
def open_store(tmp_path):
    return lambda fingerprint="f", dimension=D: ScanStore(
        tmp_path / "scan", fingerprint, dimension
    )

import random

import pyarrow.parquet as pq
import pytest

from lfw17_kedro.datasets import listing_memo
from lfw17_kedro.datasets.listing_memo import ListingMemo

URL = "s3://bucket/album"
A, B, C = "a" * 64, "b" * 64, "c" * 64


def remember(folder, *rows, url=URL):
    with ListingMemo(folder, url) as memo:
        for row in rows:
            memo.keep(*row)
    return memo


def get_file(folder):
    (file,) = folder.iterdir()
    return file


ROWS = [("é/x.jpg", "etag 1", 7, A), ("b.jpg", "etag 2", 0, B)]


def test_unchanged_objects_are_remembered(tmp_path):
    remember(tmp_path / "memo", *ROWS)

    memo = ListingMemo(tmp_path / "memo", URL)

    assert memo.find("é/x.jpg", "etag 1", 7) == A
    assert memo.find("b.jpg", "etag 2", 0) == B


@pytest.mark.parametrize(
    "other",
    [("x.jpg", "etag 1", 7), ("é/x.jpg", "etag 2", 7), ("é/x.jpg", "etag 1", 8)],
)
def test_changed_objects_are_new(tmp_path, other):
    remember(tmp_path, *ROWS)

    assert ListingMemo(tmp_path, URL).find(*other) is None


def test_what_is_gone_is_forgotten(tmp_path):
    remember(tmp_path, *ROWS)
    remember(tmp_path, ROWS[0], ("new.jpg", "etag 3", 1, C))

    memo = ListingMemo(tmp_path, URL)

    assert memo.find("b.jpg", "etag 2", 0) is None
    assert memo.find("é/x.jpg", "etag 1", 7) == A
    assert memo.find("new.jpg", "etag 3", 1) == C


def test_nothing_new_writes_nothing(tmp_path):
    remember(tmp_path, *ROWS)
    before = get_file(tmp_path).stat()

    remember(tmp_path, *reversed(ROWS))

    after = get_file(tmp_path).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_order_of_a_listing_does_not_change_the_file(tmp_path):
    remember(tmp_path / "1", *ROWS)
    remember(tmp_path / "2", *reversed(ROWS))

    one, two = get_file(tmp_path / "1"), get_file(tmp_path / "2")
    assert one.read_bytes() == two.read_bytes()
    assert pq.read_table(one)["path"].to_pylist() == ["b.jpg", "é/x.jpg"]


def test_each_url_has_its_own_file(tmp_path, caplog):
    remember(tmp_path, ROWS[0])
    remember(tmp_path, ROWS[1], url="s3://other")

    assert ListingMemo(tmp_path, URL).find(*ROWS[0][:3]) == A
    assert ListingMemo(tmp_path, "s3://other").find(*ROWS[0][:3]) is None
    assert caplog.messages == []


def test_file_of_another_url_is_not_believed(tmp_path, caplog):
    remember(tmp_path / "1", ROWS[0])
    remember(tmp_path / "2", ROWS[0], url="s3://other")
    get_file(tmp_path / "2").replace(get_file(tmp_path / "1"))

    assert ListingMemo(tmp_path / "1", URL).find(*ROWS[0][:3]) is None
    assert "other columns, or those of another URL" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"no parquet at all" * 9, None])
def test_damaged_file_is_built_anew_with_a_warning(tmp_path, caplog, damage):
    remember(tmp_path, *ROWS)
    file = get_file(tmp_path)
    file.write_bytes(file.read_bytes()[:-9] if damage is None else damage)

    with ListingMemo(tmp_path, URL) as memo:
        assert memo.find(*ROWS[0][:3]) is None
        memo.keep(*ROWS[0])

    (message,) = caplog.messages
    assert f"{file}: expected the hashes of {URL}, got a damaged file (" in message
    assert message.endswith("); all photos are downloaded again.")
    assert ListingMemo(tmp_path, URL).find(*ROWS[0][:3]) == A


def test_no_damaged_byte_gives_another_hash(tmp_path):
    remember(tmp_path, *ROWS)
    file = get_file(tmp_path)
    whole, rng = file.read_bytes(), random.Random(17)

    for _ in range(300):
        content = bytearray(whole)
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        file.write_bytes(content)
        memo = ListingMemo(tmp_path, URL)
        assert memo.find(*ROWS[0][:3]) in (A, None)
        assert memo.find(*ROWS[1][:3]) in (B, None)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_listing_that_fails_keeps_what_is_known(tmp_path, error):
    remember(tmp_path, *ROWS)

    with pytest.raises(error), ListingMemo(tmp_path, URL) as memo:
        memo.keep("new.jpg", "etag 3", 1, C)
        raise error

    memo = ListingMemo(tmp_path, URL)
    assert memo.find(*ROWS[0][:3]) == A
    assert memo.find("new.jpg", "etag 3", 1) == C


def test_listing_that_is_killed_loses_little(tmp_path, monkeypatch):
    monkeypatch.setattr(listing_memo, "SAVE_EVERY", 2)
    remember(tmp_path, ROWS[0])

    memo = ListingMemo(tmp_path, URL)  # no `with`: the process dies
    for i in range(5):
        memo.keep(f"{i}.jpg", "etag", i, C)

    memo = ListingMemo(tmp_path, URL)
    assert [memo.find(f"{i}.jpg", "etag", i) for i in range(5)] == [*[C] * 4, None]
    assert memo.find(*ROWS[0][:3]) == A


def test_file_that_cannot_be_written_warns(tmp_path, caplog):
    (tmp_path / "memo").write_text("a file in the folder's place")

    remember(tmp_path / "memo", *ROWS)

    assert f"expected to write the hashes of {URL}, got: " in caplog.text
    assert "the next run downloads all photos again" in caplog.text

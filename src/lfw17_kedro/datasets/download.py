"""Download one published file, resumably; only a checked file gets its final name."""

import errno
import hashlib
import re
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from kedro.io import DatasetError
from tqdm import tqdm

CHUNK = 1 << 20  # bytes
TIMEOUT = 60  # seconds without a byte

PARTIAL_CONTENT = 206
RANGE_NOT_SATISFIABLE = 416


def download_file(url: str, target: Path, sha256: str) -> None:
    """Download a file that is not there yet.

    Bytes go to `.<name>.part` beside the target. If a connection breaks, the next one
    resumes where it broke, as long as each connection brings some bytes. After a
    failure the part stays, and the next call resumes from there.

    Args:
        url: http or https.
        target: where the file is to lie; its folder is made.
        sha256: of the whole file, hexadecimal.

    Raises:
        DatasetError: no connection, another response than the file, a connection that
            broke, a full disk, or another SHA-256 (whose bytes are removed). Says what
            was expected, what came and where to put the file by hand.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = find_part(target)
    by_hand = f"or put the file at {target} by hand"
    while True:
        before = part.stat().st_size if part.exists() else 0
        total = _fetch(url, part, before, by_hand)
        size = part.stat().st_size
        if total is None or size >= total:
            break
        if size <= before:
            raise DatasetError(
                f"expected the {total} bytes of {url}, got {size} before the "
                "connection broke; run again, which resumes the download if "
                f"the server allows it, {by_hand}."
            )
    found = hash_file(part)
    if found != sha256:
        size = part.stat().st_size
        part.unlink()
        raise DatasetError(
            f"expected a file with SHA-256 {sha256} from {url}, got {size} bytes with "
            f"SHA-256 {found}, which are removed; run again, {by_hand}."
        )
    part.replace(target)


def find_part(target: Path) -> Path:
    """Give the path of the file for the bytes downloaded so far."""
    return target.with_name(f".{target.name}.part")


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(url: str, part: Path, start: int, by_hand: str) -> int | None:
    """Append the bytes of one connection; give the full size, if the server says it."""
    response = _connect(url, start, by_hand)
    if response is None:
        return start
    with response:
        if response.status != PARTIAL_CONTENT:  # this server does not resume
            start = 0
        total = _full_size(response, start)
        name = f"download {url.rpartition('/')[2]}"
        with tqdm(
            desc=name, total=total, initial=start, unit="B", unit_scale=True
        ) as bar:
            try:
                with part.open("ab" if start else "wb") as file:
                    for chunk in _read_chunks(response):
                        file.write(chunk)
                        bar.update(len(chunk))
            except OSError as error:
                full = error.errno in (errno.ENOSPC, errno.EDQUOT)
                reason = "the disk is full" if full else f"writing failed ({error})"
                raise DatasetError(
                    f"expected room for the {total or '?'} bytes of {url} in "
                    f"{part.parent}, {reason} after {bar.n} bytes; make room and run "
                    f"again, which resumes the download, {by_hand}."
                ) from error
    return total


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

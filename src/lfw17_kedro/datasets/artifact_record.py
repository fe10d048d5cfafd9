"""The record beside an artifact: its content's hash, its size, and its origin.

`.<name>.record.json` describes the present version and the one before. A save writes
the record first and then swaps the content, so that a process may die at any moment:
the content says which of the two versions it is.
"""

import hashlib
import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

from kedro.io import DatasetError
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from lfw17_kedro.files.atomic import atomic_write, follow_links
from lfw17_kedro.lineage.digest import hash_data, hash_file
from lfw17_kedro.messages import one_line

VERSIONS = 2  # of an artifact that its record describes
MAX_RECORD = 64 << 20  # bytes; 100,000 files in a folder needed 12 MB
MAX_LISTED = 10_000  # files of a folder whose hashes its record lists one by one

# Of a record, which is data that anybody may have written.
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", strict=True)]
Command = Annotated[str, Field(pattern=r"^kedro run[^\x00-\x1f\x7f]*$")]
Count = Annotated[int, Field(ge=0, strict=True)]


_COMMAND = TypeAdapter(Command)


def keep_command(command: str) -> str | None:
    """Give a command that a record can hold; None for one with a tab, for example."""
    try:
        return _COMMAND.validate_python(command)
    except ValidationError:
        return None


@dataclass(frozen=True)
class ArtifactVersion:
    """One version of an artifact.

    Attributes:
        sha256: of the content, hexadecimal; of a folder, of its files' names and
            contents.
        size: of the content, bytes.
        rows: of a table or an array, images in a folder; None where that means nothing.
        files: of a folder: path inside -> SHA-256. None for a file, and for a folder of
            more than `MAX_LISTED` files: only messages need them.
        origin: what it was made from, see `lineage.origin.Origin`; None if not known.
        command: that makes it again.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    sha256: Sha256
    size: Count
    rows: Count | None
    files: dict[str, Sha256] | None
    origin: dict[str, Any] | None
    command: Command | None


@dataclass(frozen=True)
class Content:
    """What lies at a path: see `ArtifactVersion`."""

    sha256: str
    size: int
    files: dict[str, str] | None


class _State(NamedTuple):
    """What the file system says of a file or of all files of a folder.

    Attributes:
        names: of the files of a folder, sorted; "" for a file.
        size: of all of them, bytes.
        signature: hash of each name, size, inode and times: another inode or time is
            another file.
    """

    names: list[str]
    size: int
    signature: bytes


_VERSIONS = TypeAdapter(list[ArtifactVersion])

# path -> signature and what lay there when it was hashed, so as not to read it again.
_hashed: dict[Path, tuple[bytes, Content]] = {}


def find_record(filepath: Path) -> Path:
    """Give the path of an artifact's record."""
    filepath = follow_links(filepath)
    return filepath.with_name(f".{filepath.name}.record.json")


def read_versions(filepath: Path) -> list[ArtifactVersion]:
    """Read the record of an artifact, the newest version first.

    Raises:
        DatasetError: the record is damaged.
    """
    path = find_record(filepath)
    if not path.is_file():
        return []
    try:
        if path.stat().st_size > MAX_RECORD:
            raise ValueError("it is too large")
        stored = json.loads(path.read_text(encoding="utf-8"))
        versions = stored["versions"]
        if stored["checksum"] != hash_data(json.dumps(versions, sort_keys=True)):
            raise ValueError("its checksum is another")
        if stored["artifact"] != filepath.name:
            raise ValueError("it is that of another artifact")
        return _VERSIONS.validate_python(versions)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(
            f"its record {path} is damaged ({_explain(error)})"
        ) from error


def _explain(error: Exception) -> str:
    """Say in a few words why a record cannot be read, without what stands in it."""
    match error:
        case ValidationError():
            return one_line(error.errors()[0]["msg"])
        case KeyError():
            return f"it has no {one_line(error)}"
    return one_line(error)


def write_versions(filepath: Path, versions: list[ArtifactVersion]) -> None:
    """Write the record of an artifact."""
    listed = [asdict(version) for version in versions[:VERSIONS]]
    checksum = hash_data(json.dumps(listed, sort_keys=True))
    # The name tells when two artifacts were exchanged with their records.
    stored = {"checksum": checksum, "artifact": filepath.name, "versions": listed}
    text = json.dumps(stored, indent=1)
    with atomic_write(find_record(filepath)) as part:
        part.write_text(text + "\n", encoding="utf-8")


def hash_content(path: Path) -> Content:
    """Hash a file, or the names and contents of a folder's files.

    A path whose size, times and inode have not changed since it was last hashed in this
    process is not read again.

    Raises:
        DatasetError: it is or holds a pipe or device, which might never end.
    """
    path = follow_links(path)
    names, size, signature = _sign(path)
    known = _hashed.get(path)
    if known is not None and known[0] == signature:
        return known[1]
    if path.is_dir():
        hashes = {name: hash_file(path / name) for name in names}
        listed = hashes if len(hashes) <= MAX_LISTED else None
        content = Content(hash_data(hashes), size, listed)
    else:
        content = Content(hash_file(path), size, None)
    _hashed[path] = signature, content
    return content


def remember_content(path: Path, content: Content) -> None:
    """Note what a path holds that was hashed under another name."""
    path = follow_links(path)
    _hashed[path] = _sign(path).signature, content


def compare_content(content: Content, version: ArtifactVersion) -> str:
    """Say how a content differs from its record."""
    if content.files is None or version.files is None:
        return (
            f"{content.size} bytes with SHA-256 {content.sha256[:12]}..., its record "
            f"says {version.size} bytes with {version.sha256[:12]}..."
        )
    missing = sorted(version.files.keys() - content.files.keys())
    added = sorted(content.files.keys() - version.files.keys())
    changed = sorted(
        name
        for name in version.files.keys() & content.files.keys()
        if version.files[name] != content.files[name]
    )
    parts = [
        f"{len(names)} files {what} ({one_line(names[0])})"
        for what, names in (
            ("missing", missing),
            ("too many", added),
            ("changed", changed),
        )
        if names
    ]
    return ", ".join(parts)


def _sign(path: Path) -> _State:
    """Describe a file, or the files of a folder, without reading them."""
    names = _list_files(path) if path.is_dir() else [""]
    size, signature = 0, hashlib.sha256()
    for name in names:
        state = os.stat(os.path.join(path, name) if name else path)
        if not stat.S_ISREG(state.st_mode):
            found = f"it holds {one_line(name)}, which is" if name else "it is"
            raise DatasetError(f"{found} no file but a pipe or device")
        size += state.st_size
        times = state.st_mtime_ns, state.st_ctime_ns
        signature.update(repr((name, state.st_size, state.st_ino, *times)).encode())
    return _State(names, size, signature.digest())


def _list_files(folder: Path) -> list[str]:
    """List all files of a folder by their paths inside it, sorted."""
    found: list[str] = []
    for inner, _, names in os.walk(folder):
        above = Path(inner).relative_to(folder).as_posix()
        found += names if above == "." else [f"{above}/{name}" for name in names]
    return sorted(found)

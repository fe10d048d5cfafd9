"""Checks that every reader of published weights makes first."""

import hashlib


def check_sha256(
    data: bytes, expected: str, name: str, advice: str = "install or download it again"
) -> None:
    """Refuse data that is not the published file.

    Args:
        data: the file's content.
        expected: its SHA-256, hexadecimal.
        name: the file's name, for the error message.
        advice: what to do about another file, for the error message.

    Raises:
        ValueError: the SHA-256 differs; says both and what to do.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ValueError(
            f"{name}: expected the published file with SHA-256 {expected}, got "
            f"{len(data)} bytes with SHA-256 {found}; the file is damaged or another "
            f"version: {advice}."
        )

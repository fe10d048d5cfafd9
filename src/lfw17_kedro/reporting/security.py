"""What a page that is opened from the disk may load and run."""

import base64
import hashlib


def hash_source(text: str) -> str:
    """Give the source expression of an inline part, as the security policy wants it.

    Args:
        text: between the tags, exactly as it stands in the page.

    Source: Content Security Policy Level 3, section 2.3.1 (hash-source).
    """
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"

"""The SHA-256 by which a model's file is known."""

from __future__ import annotations

import re
from pathlib import Path


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 hex digits.

    Raises:
        OSError: the file cannot be read.
    """
    import hashlib  # OpenSSL takes a while to load

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_sha256(text: str) -> bool:
    """Whether it is written as `sha256_of` writes it.

    >>> is_sha256("0a" * 32), is_sha256("0A" * 32), is_sha256("")
    (True, False, False)
    """
    return re.fullmatch("[0-9a-f]{64}", text) is not None

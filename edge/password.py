"""Passwords out of files: in settings they would be read by everybody who may read those."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.errors import InvalidValue, SettingsError
from edge.files import read_small
from edge.text import decoded

LARGEST = 4096  # bytes of a password file


def password(file: str, credential: str, where: str, environment: Mapping[str, str]) -> str | None:
    """The first line of a password file; None where "auto" finds no systemd credential, or the setting is empty.

    Args:
        file: the setting: a path, "auto" or empty.
        credential: the name that "auto" looks for among systemd's credentials (LoadCredential=).
        where: the setting's name, for messages.
        environment: for CREDENTIALS_DIRECTORY.

    Raises:
        SettingsError: the file cannot be read or is empty.
    """
    path = Path(file)
    if file == "auto":
        folder = environment.get("CREDENTIALS_DIRECTORY", "")
        path = Path(folder) / credential
        if not folder or not path.exists():
            return None
    elif not file:
        return None
    try:
        lines = decoded(read_small(path, LARGEST)).splitlines()
    except OSError as error:
        raise SettingsError(f"{where}: {path}: cannot be read ({error.strerror})") from None
    except InvalidValue as error:
        raise SettingsError(f"{where}: {path}: {error}") from None
    if not lines or not lines[0]:
        raise SettingsError(f"{where}: {path}: expected the password in the first line, got none")
    return lines[0]

"""The token: what lets another machine in. Sessions are derived from it; none of them is stored."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from edge.daemon.folders import state_file
from edge.errors import InvalidValue, SettingsError
from edge.settings import WebSettings
from edge.text import decoded

NAME = "web-token"  # in the service's state folder
BYTES = 18  # 144 bits, 24 characters
SHORTEST = 16  # characters that a token of one's own must have
LONGEST = 4096


class Token:
    """A secret that is compared in constant time.

    Args:
        secret: its text.
    """

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._key = hashlib.sha256(secret.encode()).digest()

    def matches(self, offered: str) -> bool:
        """Whether it is this token."""
        return hmac.compare_digest(hashlib.sha256(offered.encode("utf-8", "replace")).digest(), self._key)

    def session(self) -> str:
        """The cookie of a new session: a random number, and a proof that whoever got it had the token."""
        number = secrets.token_urlsafe(BYTES)
        return f"{number}.{self._sign('session', number)}"

    def csrf(self, session: str) -> str:
        """What the page of a session sends with whatever changes something."""
        return self._sign("csrf", session)

    def accepts(self, session: str) -> bool:
        """Whether the cookie was made with this token."""
        number, _, proof = session.partition(".")
        return hmac.compare_digest(proof.encode("utf-8", "replace"), self._sign("session", number).encode())

    def accepts_csrf(self, session: str, offered: str) -> bool:
        """Whether the page of that session sent it."""
        return hmac.compare_digest(offered.encode("utf-8", "replace"), self.csrf(session).encode())

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}:{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def new() -> Token:
    """A random token."""
    return Token(secrets.token_urlsafe(BYTES))


def load(path: Path) -> Token:
    """The token of a file, which is made, readable by its owner and group alone, where there is none.

    Raises:
        SettingsError: it cannot be read or made, or is too short to be safe.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        if os.path.lexists(path):
            return _read(path)
        raise _cannot_make(path, error.strerror) from None
    made = new()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(made.secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    return made


def look(path: Path) -> Token:
    """The token of a file; where there is none, but `load` could make it, one that is stored nowhere.

    Raises:
        SettingsError: as `load`.
    """
    try:
        os.lstat(path)
    except FileNotFoundError:
        if os.access(path.parent, os.W_OK | os.X_OK):
            return new()
        raise _cannot_make(path, os.strerror(errno.EACCES if path.parent.is_dir() else errno.ENOENT)) from None
    except OSError as error:
        raise _cannot_make(path, error.strerror) from None
    return _read(path)


def token_file(settings: WebSettings, environment: Mapping[str, str]) -> Path | None:
    """Where the token is kept; None: nowhere."""
    if settings.token_file != "auto":
        return Path(settings.token_file) if settings.token_file else None
    return state_file(NAME, environment)


def _cannot_make(path: Path, reason: str | None) -> SettingsError:
    return SettingsError(
        f"{path}: cannot make the page's token ({reason}); set [web] token_file to a file in a folder that may be "
        "written to"
    )


def _read(path: Path) -> Token:
    try:
        with open(path, "rb") as file:
            text = decoded(file.read(LONGEST)).strip()
    except OSError as error:
        raise SettingsError(f"{path}: cannot read the page's token ({error.strerror})") from None
    except InvalidValue as error:
        raise SettingsError(f"{path}: {error}") from None
    if len(text) < SHORTEST or len(text.split()) != 1:
        raise SettingsError(
            f"{path}: expected one word of at least {SHORTEST} characters; delete the file to have a token made"
        )
    return Token(text)

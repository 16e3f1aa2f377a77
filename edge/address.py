"""Addresses of network cameras: shown without anything secret, opened with a password that stands elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from edge.errors import SettingsError
from edge.password import password

HIDDEN = "***"
DEVICE = "v4l2:"  # stands before a device file, and is no scheme
# Bounded: without a bound, a search in a text of n letters takes n * n steps.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}):/+")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?\]|[A-Za-z0-9._-]+)(:[0-9]*)?")
_LOCAL = re.compile(r"(?i)file:(?://(?:localhost)?)?/(?!/)")
_SECRET_KEY = re.compile(r"(?i)(pass|pwd|user|usr|login|token|auth|secret|key)\w{0,30}=")
CREDENTIAL = "camera-password"  # of systemd


def redacted(source: str) -> str:
    """The source as it may be shown and written down: of an address, scheme and host only.

    People write addresses in many ways, with a password that has an @ or a / in it, in the path or behind a question
    mark. Where it is not certain which part is the host, that is hidden, too.

    >>> redacted("rtsp://admin:p@ss@10.0.0.9:554/h264?pwd=p"), redacted("clip.mp4")
    ('rtsp://10.0.0.9', 'clip.mp4')
    """
    source = local_path(source) or source
    device = DEVICE if source.startswith(f"{DEVICE}/") else ""
    return device + _redacted(source.removeprefix(device))


def _redacted(source: str) -> str:
    # Some are copied out of other addresses, percent-encoded once or twice.
    readings = (source, unquote(source), unquote(unquote(source)))
    text = next(filter(_is_suspicious, readings), None)
    if text is None or _exists(source):
        return source
    match = _SCHEME.search(text)
    host = _host(text[match.end() if match else 0 :]) or HIDDEN
    return f"{match[1].lower()}://{host}" if match else host


def _is_suspicious(text: str) -> bool:
    query = text.partition("?")[2]
    return bool(_SCHEME.search(text) or ("@" in text and ":" in text) or "=" in query or _SECRET_KEY.search(text))


def local_path(source: str) -> str:
    """The path that a file address names, such as file:///home/pi/clip.mp4; "" for anything else.

    >>> local_path("file:///home/pi/a%20clip.mp4"), local_path("http://host/clip.mp4")
    ('/home/pi/a clip.mp4', '')
    """
    match = _LOCAL.match(source)
    return unquote(source[match.end() - 1 :]) if match and not _exists(source) else ""


def is_address(source: str) -> bool:
    """Whether the source looks like an address, even a mistyped one; those of files are paths."""
    if local_path(source):
        return False
    return redacted(source) != source or "://" in source


def with_credentials(source: str, user: str, password_file: str, environment: Mapping[str, str]) -> str:
    """The address with a user and the first line of a password file in it, as FFmpeg takes them.

    Args:
        source: the address.
        user: empty: none.
        password_file: as of edge.password.password.
        environment: for CREDENTIALS_DIRECTORY.

    Raises:
        SettingsError: there is a password without a user, the address has a user of its own, or the file cannot be
            read or is empty.
    """
    secret = password(password_file, CREDENTIAL, "[source] password_file", environment)
    if not user:
        if secret is not None and password_file != "auto":
            raise SettingsError("[source] password_file: a password needs a user; set [source] user")
        return source
    scheme, _, rest = source.partition("://")
    if "@" in re.split(r"[/?#]", rest, maxsplit=1)[0]:
        raise SettingsError("[source] user: the address has a user of its own; remove one of them")
    words = quote(user, safe="") + (f":{quote(secret, safe='')}" if secret is not None else "")
    return f"{scheme}://{words}@{rest}"


def _host(rest: str) -> str:
    """The host in what follows the scheme; empty where it is not certain."""
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    plain = _AUTHORITY.fullmatch(authority)
    if "@" not in authority and plain:
        return plain[1]
    inside = rest.count("@") == authority.count("@") > 0
    # A password may hold a slash; then what stands before it is no host.
    slashed = "@" not in authority and "?" not in rest.rpartition("@")[0]
    if not (inside or slashed) or "@" not in rest:
        return ""
    host = _AUTHORITY.fullmatch(re.split(r"[/?#\\]", rest.rpartition("@")[2], maxsplit=1)[0])
    return host[1] if host else ""


def _exists(source: str) -> bool:
    try:
        return os.path.lexists(source)
    except ValueError:  # a NUL character
        return False

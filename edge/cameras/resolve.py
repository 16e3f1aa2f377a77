"""Name resolution with a deadline. getaddrinfo(3) has none: with silent name servers it takes half a minute."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from edge.address import redacted
from edge.errors import SourceError
from edge.text import is_utf8

RTSP_PORTS = {"rtsp": 554, "rtsps": 322}
PROBE_S = 1.0  # how long a connection to one of several addresses may take
SPECIAL = "write special characters of a password as %40 (@), %2F (/), %3A (:), %3F (?), %23 (#)"

# Questions that no name server has answered yet, by host: one each, however often a camera is tried again.
_pending: dict[str, _Question] = {}
_lock = threading.Lock()


class _Question:
    """A look-up in a thread of its own, which cannot be interrupted and ends when the system's resolver gives up."""

    def __init__(self, host: str) -> None:
        self.answered = threading.Event()
        self.addresses: list[str] = []
        self.error = ""
        self._host = host
        threading.Thread(target=self._ask, name="resolver", daemon=True).start()

    def _ask(self) -> None:
        try:
            found = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
            self.addresses = list(dict.fromkeys(map(_number, (place for *_, place in found))))
        except (OSError, UnicodeError) as error:
            self.error = getattr(error, "strerror", None) or str(error)
        finally:
            with _lock:
                _pending.pop(self._host, None)
            self.answered.set()


def _number(place: tuple[Any, ...]) -> str:
    """The address of a socket's place. A link-local one is reached only through the interface that it names."""
    return f"{place[0]}%{place[3]}" if len(place) > 3 and place[3] else str(place[0])


def resolved(url: str, seconds: float) -> str:
    """The address of a stream, once its host is known; of RTSP, with the host's number in the place of its name. Of
    several numbers, it is one at which something listens: a camera may have IPv6, and its streams only IPv4.

    HTTP needs the name itself, for servers and certificates that go by it.

    Raises:
        SourceError: the address is not UTF-8, the name is not known, or no name server answered within `seconds`.
    """
    if not is_utf8(url):
        raise SourceError(f"{redacted(url)}: this address is not UTF-8; write its special characters as %XX")
    scheme, _, rest = url.partition("://")
    # An @ in the path is mostly the end of a password with a slash in it.
    misread = "@" in "".join(re.split(r"[/?#]", rest, maxsplit=1)[1:])
    try:
        parts = urlsplit(url)
        host, number = (parts.hostname or "").replace("%25", "%"), parts.port
    except ValueError:
        host = ""
    if not host:
        what = (
            f"not a valid address; {SPECIAL}"
            if misread
            else f"no host in this address; expected {scheme.lower()}://HOST/..."
        )
        raise SourceError(f"{redacted(url)}: {what}")
    with _lock:
        question = _pending.get(host) or _Question(host)
        if not question.answered.is_set():
            _pending[host] = question
    if not question.answered.wait(seconds):
        raise SourceError(f"{redacted(url)}: no name server answers; check the network, or use the camera's IP address")
    if question.error:
        advice = SPECIAL if misread else "check the address"
        raise SourceError(f"{redacted(url)}: the camera's host name is unknown ({question.error}); {advice}")
    if not parts.scheme.lower().startswith("rtsp"):
        return url
    address = _listening(question.addresses, number or RTSP_PORTS[parts.scheme.lower()], seconds)
    address = f"[{address}]" if ":" in address else address
    user, at, _ = parts.netloc.rpartition("@")
    port = f":{number}" if number else ""
    return urlunsplit(parts._replace(netloc=f"{user}{at}{address}{port}"))


def _listening(addresses: list[str], port: int, seconds: float) -> str:
    """Of several addresses, the first that takes a connection; where none does, the first."""
    each = min(PROBE_S, seconds / len(addresses))  # the opening itself and the search for its reason take time, too
    for address in addresses if len(addresses) > 1 else ():
        with contextlib.suppress(OSError), socket.create_connection((address, port), each):
            return address
    return addresses[0]

"""Name resolution with a deadline. getaddrinfo(3) has none: with silent name servers it takes half a minute."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit, urlunsplit

from edge.address import redacted
from edge.errors import SourceError
from edge.text import is_utf8

# Questions that no name server has answered yet, by host: one each, however often a camera is tried again.
_pending: dict[str, _Question] = {}
_lock = threading.Lock()


class _Question:
    """A look-up in a thread of its own, which cannot be interrupted and ends when the system's resolver gives up."""

    def __init__(self, host: str) -> None:
        self.answered = threading.Event()
        self.address, self.error = "", ""
        self._host = host
        threading.Thread(target=self._ask, name="resolver", daemon=True).start()

    def _ask(self) -> None:
        try:
            found = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
            self.address = str(found[0][4][0])
        except (OSError, UnicodeError) as error:
            self.error = getattr(error, "strerror", None) or str(error)
        finally:
            with _lock:
                _pending.pop(self._host, None)
            self.answered.set()


def resolved(url: str, seconds: float) -> str:
    """The address of a stream, once its host is known; of RTSP, with the host's number in the place of its name.

    HTTP needs the name itself, for servers and certificates that go by it.

    Raises:
        SourceError: the address is not UTF-8, the name is not known, or no name server answered within `seconds`.
    """
    if not is_utf8(url):
        raise SourceError(f"{redacted(url)}: this address is not UTF-8; write its special characters as %XX")
    try:
        parts = urlsplit(url)
        host, number = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host:
        scheme = url.partition(":")[0].lower()
        raise SourceError(f"{redacted(url)}: no host in this address; expected {scheme}://HOST/...")
    with _lock:
        question = _pending.get(host) or _Question(host)
        if not question.answered.is_set():
            _pending[host] = question
    if not question.answered.wait(seconds):
        raise SourceError(f"{redacted(url)}: no name server answers; check the network, or use the camera's IP address")
    if question.error:
        raise SourceError(f"{redacted(url)}: the camera's host name is unknown ({question.error}); check the address")
    if not parts.scheme.lower().startswith("rtsp"):
        return url
    address = f"[{question.address}]" if ":" in question.address else question.address
    user, at, _ = parts.netloc.rpartition("@")
    port = f":{number}" if number else ""
    return urlunsplit(parts._replace(netloc=f"{user}{at}{address}{port}"))

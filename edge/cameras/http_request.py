"""A request to a network camera over HTTP: its login, and in words why there is no answer."""

from __future__ import annotations

import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from edge.cameras.compressed import unpacked
from edge.cameras.login import ASKED, authorization, challenges
from edge.errors import SourceError
from edge.settings import SourceSettings

STATUS = {
    401: "the camera rejects the user name or password",
    403: "the camera does not allow this user",
    404: "the camera has nothing at this path",
    **dict.fromkeys(
        (301, 302, 303, 307, 308),
        "the camera redirects in a loop, or to no web address; use the address at which a browser shows the picture",
    ),
}
PORTS = {"http": 80, "https": 443}
TRIES = 5  # with a password: at each address that it sends us on to, and after a challenge that is too old
Open = Callable[[str, float], Any]  # from an address and a time-out in seconds to a response of urllib


class Login(urllib.request.BaseHandler):
    """Answers a camera that asks for a password; a server to which it redirects us does not get it (`same_server`).

    Args:
        address: of the camera, with its user and password.
    """

    def __init__(self, address: SplitResult) -> None:
        self._address = address
        self._user, self._password = unquote(address.username or ""), unquote(address.password or "")
        self._tries = 0

    def http_error_401(self, request: Any, answer: Any, code: int, message: str, headers: Any) -> Any:
        """The response to the request with a password; None: there is nothing more to try."""
        offered = challenges(headers.get_all("WWW-Authenticate") or [])
        stale = any(each.fields.get("stale", "").lower() == "true" for each in offered)
        refused = request.has_header("Authorization") and not stale
        elsewhere = not same_server(self._address, urlsplit(request.full_url))
        self._tries += 1
        if not offered or refused or elsewhere or self._tries > TRIES:
            return None
        words = authorization(offered, request.get_method(), request.selector, self._user, self._password)
        answer.close()
        request.add_unredirected_header("Authorization", words)
        return self.parent.open(request, timeout=request.timeout)


def same_server(first: SplitResult, second: SplitResult) -> bool:
    """Whether the password for the first address may go to the second: scheme, host and port are the same.

    The one exception is a camera that redirects from http to https, both on their usual ports.
    """
    one, other = _origin(first), _origin(second)
    return one == other or (one[0] == other[0] and (one[1:], other[1:]) == (("http", 80), ("https", 443)))


def _origin(address: SplitResult) -> tuple[str | None, str, int | None]:
    scheme = address.scheme.lower()
    return address.hostname, scheme, address.port or PORTS.get(scheme)


def request(address: str, timeout_s: float) -> Any:
    """The response to one request, its body not read yet. Users and passwords may be in the address.

    Raises:
        OSError, HTTPException, ValueError: as of urllib.
        SourceError: the camera asks for a login of an unknown kind.
    """
    parts = urlsplit(address)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=_any_certificate())]
    opener = urllib.request.build_opener(*handlers, *([] if parts.username is None else [Login(parts)]))
    return opener.open(urllib.request.Request(plain, headers={"User-Agent": "edge-emotion"}), timeout=timeout_s)


def _any_certificate() -> ssl.SSLContext:
    """For TLS with a camera: it makes its certificate itself, so there is nothing to check it with, and an old camera
    knows only what is too weak elsewhere. FFmpeg checks none either.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def ask(settings: SourceSettings, open_address: Open) -> Any:
    """The response.

    Raises:
        SourceError: there is none; the message has no name in it.
    """
    try:
        return unpacked(open_address(settings.source, settings.timeout_s), settings.timeout_s)
    except SourceError:
        raise
    except urllib.error.HTTPError as error:
        error.close()
        what = STATUS.get(error.code, f"the camera answered with HTTP {error.code}")
        if error.code == 401 and "@" not in urlsplit(settings.source).netloc:
            what = ASKED
        raise SourceError(f"{what} (HTTP {error.code})" if error.code in STATUS else what) from None
    except urllib.error.URLError as error:
        raise SourceError(reason(error.reason)) from None
    except TimeoutError:
        raise SourceError(f"the camera did not answer within {settings.timeout_s:g} s") from None
    except (OSError, ValueError, HTTPException) as error:
        raise SourceError(reason(error)) from None


def reason(error: object) -> str:
    """Why a connection failed, for people."""
    if isinstance(error, TimeoutError):
        return "the camera does not answer"
    if isinstance(error, ConnectionRefusedError):
        return "nothing is listening on this host and port"
    if isinstance(error, socket.gaierror):
        return "the host name is unknown"
    if isinstance(error, ssl.SSLError):
        why = (getattr(error, "reason", None) or "no reason given").replace("_", " ").lower()
        return f"no encrypted connection to the camera ({why}); try http:// in place of https://"
    if isinstance(error, OSError):
        return f"cannot be reached ({error.strerror or type(error).__name__})"
    # The texts of the other errors quote the address, which may hold a password.
    return f"the address or the answer is not valid HTTP ({type(error).__name__})"

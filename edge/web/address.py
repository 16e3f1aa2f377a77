"""Under which names and addresses this machine can be reached."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from edge.bind import BIND_ERRORS, bind_reason, is_taken
from edge.errors import Absent, InUse, SettingsError

USUAL_PORTS = {"http": "80", "https": "443"}  # which browsers leave out
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Never reached: connecting a UDP socket sends nothing, but tells which of our addresses would be used.
ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}

# Of what a Content-Security-Policy takes: 'self', https:, *, or a host, maybe with a scheme and a port.
_HOST = r"(?:\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])"
_SITE = re.compile(rf"'self'|'none'|https?:|(?:https?://)?{_HOST}(?::(?:[0-9]{{1,5}}|\*))?/?")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def peer_address(text: str) -> str:
    """A client's address; one of IPv4 that came through a socket of IPv6 as what it is.

    >>> peer_address("::ffff:192.0.2.7"), peer_address("2001:db8::7"), peer_address("")
    ('192.0.2.7', '2001:db8::7', '')
    """
    mapped = "::ffff:"
    return text.removeprefix(mapped) if text.startswith(mapped) and "." in text else text


def proxy_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address of [web] proxy; None: there is none.

    Raises:
        SettingsError: it is not an address.
    """
    try:
        return ipaddress.ip_address(text.strip()) if text.strip() else None
    except ValueError:
        raise SettingsError(f"[web] proxy: expected an address such as 172.30.32.2, got {text!r}") from None


def frame_ancestors(text: str) -> str:
    """What [web] frame says, as the Content-Security-Policy has it.

    >>> frame_ancestors(""), frame_ancestors(" https://home.example:8123 ")
    ("'none'", 'https://home.example:8123')

    Raises:
        SettingsError: it is not a list of sites.
    """
    words = text.split()
    wrong = [word for word in words if not _SITE.fullmatch(word) or word in ("self", "none")]
    if wrong:
        raise SettingsError(
            f"[web] frame: expected a site such as https://home.example:8123, or 'self' in quotes, got {wrong[0]!r}"
        )
    return " ".join(words) or "'none'"


class AddressAbsent(Absent):
    """An address that is not available now: not of this machine yet, or not allowed."""


class AddressInUse(AddressAbsent, InUse):
    """An address at which another process listens."""

    def __init__(self, message: str, host: str, port: int) -> None:
        super().__init__(message)
        self.address = (host, port)


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        AddressAbsent: the address is in use, not of this machine, or not allowed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((host, port), family=family, backlog=256, dualstack_ipv6=both)
    except BIND_ERRORS as error:
        message = f"{host}:{port}: cannot serve there ({bind_reason(error)}); choose another host or port"
        raise (AddressInUse(message, host, port) if is_taken(error) else AddressAbsent(message)) from None


def urls(host: str, port: int) -> list[str]:
    """The addresses that a person can type, the shortest way first.

    >>> urls("127.0.0.1", 8095)
    ['http://127.0.0.1:8095/']
    """
    if host not in ("0.0.0.0", "::"):
        return [_url(host, port)]
    found = [_url(f"{name}.local", port)] if (name := machine_name()) else []
    families = (socket.AF_INET,) if host == "0.0.0.0" else (socket.AF_INET, socket.AF_INET6)
    found += [_url(address, port) for family in families if (address := _outward(family))]
    return found or [_url("127.0.0.1", port)]


def machine_name() -> str:
    """This machine's name, without a domain; empty where it has none."""
    name = socket.gethostname().partition(".")[0].lower()
    return "" if name in ("", "localhost") else name


def known_names(more: str = "") -> frozenset[str]:
    """The names, in lower case, under which a browser may ask for the page; addresses in figures always may.

    Args:
        more: [web] hosts: further names, separated by commas; a port behind one does not matter.

    Raises:
        SettingsError: one of them cannot be a name.
    """
    name = machine_name()
    own = {"localhost", *((name, f"{name}.local", f"{name}.lan", f"{name}.home") if name else ())}
    return frozenset(own | {_host_name(entry.strip()) for entry in more.split(",") if entry.strip()})


def _host_name(text: str) -> str:
    name = split(f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text)
    if name is None:
        raise SettingsError(f"[web] hosts: expected names such as door.example, separated by commas, got {text!r}")
    return name.rstrip(".")


def is_known(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header means this machine. A page of another site whose name points here (DNS rebinding) does not.

    >>> [is_known(host, frozenset()) for host in ("127.0.0.1:8095", "[::1]:8095", "evil.example")]
    [True, True, False]
    """
    name = split(host)
    if name is None:
        return False
    if name.rstrip(".") in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def split(host: str) -> str | None:
    """The name in a Host header ("name", "name:port", "[address]:port"), in lower case; None: it is malformed."""
    host = host.lower()
    if host.startswith("["):
        name, closed, port = host[1:].partition("]")
        if not closed or (port and not port.startswith(":")) or ":" not in name:
            return None
        port = port[1:]
    else:
        name, _, port = host.partition(":")
    if (port and not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536)) or not name:
        return None
    return name if all(sign.isalnum() or sign in "-._:" for sign in name) and name.isascii() else None


def name_and_port(host: str) -> tuple[str, str]:
    """The parts of a Host header that is known, in lower case; an address of IPv6 keeps its brackets.

    >>> name_and_port("Door.example:8095"), name_and_port("[::1]")
    (('door.example', '8095'), ('[::1]', ''))
    """
    host = host.lower()
    if ":" not in host or host.endswith("]"):
        return host, ""
    name, _, port = host.rpartition(":")
    return name, port


def is_origin(address: str, host: str) -> bool:
    """Whether an address (of Origin or Referer) is on this host and port."""
    try:
        parts = urlsplit(address)
        port = str(parts.port or USUAL_PORTS.get(parts.scheme))
    except ValueError:
        return False
    if parts.scheme not in USUAL_PORTS:
        return False
    name, given = name_and_port(host)
    return (parts.hostname or "") == name.strip("[]") and port == (given or USUAL_PORTS[parts.scheme])


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _outward(family: socket.AddressFamily) -> str:
    """The address by which other machines see this one; empty where there is no network."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((ELSEWHERE[family], 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""

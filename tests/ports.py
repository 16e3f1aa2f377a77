"""Ports and addresses of this machine."""

from __future__ import annotations

import socket

_HELD: list[socket.socket] = []


def free_port() -> int:
    """A port at 127.0.0.1 that stays reserved until this process ends.

    A port that was bound and given back may be another process's before a server gets to it, or between two starts of
    that server. A socket that is bound and does not listen keeps it: the system gives its port to nobody who asks for
    any, connections to it are refused, and a server that names it may listen there, as both set SO_REUSEADDR.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _HELD.append(held)
    return int(held.getsockname()[1])


def has_ipv6() -> bool:
    """Whether this machine has IPv6's loopback address; a container's kernel may have IPv6 without any address."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return socket.has_dualstack_ipv6()
    except OSError:
        return False

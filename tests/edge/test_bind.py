"""Why a server cannot listen: the page and the metrics say it alike."""

from __future__ import annotations

import re
import socket

import pytest

from edge.errors import EdgeError, InUse
from edge.sinks.metrics_http import try_address
from edge.web.address import listening


@pytest.mark.parametrize(
    ("host", "port", "reason", "taken"),
    [
        ("127.0.0.1", None, "Address already in use", True),
        ("192.0.2.1", 0, "Cannot assign requested address", False),
        ("127.0.0.1", 99999, ".*port must be 0-65535.*", False),
        ("\u00e4" * 70, 0, ".*hostname.*", False),
    ],
    ids=["taken", "not ours", "no port", "no name"],
)
@pytest.mark.parametrize("listen", [listening, try_address])
def test_where_a_server_cannot_listen_the_reason_is_named(listen, host, port, reason, taken):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1] if port is None else port
        with pytest.raises(EdgeError) as caught:
            listen(host, port)
    assert re.search(rf"{host}:{port}[^(]* \({reason}\); choose", str(caught.value))
    assert isinstance(caught.value, InUse) is taken

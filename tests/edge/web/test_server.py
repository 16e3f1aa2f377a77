"""Connections: slow, idle and too many of them."""

from __future__ import annotations

import http.client
import json
import socket

import pytest

from edge.commands.doctor_outputs import page
from edge.errors import EdgeError
from edge.settings import Settings, WebSettings
from edge.web import app
from edge.web.address import listening
from edge.web.rates import Rates
from edge.web.server import AT_ONCE, Server
from edge.web.token import new
from tests.ports import has_ipv6
from tests.waiting import descriptors, until


def connect(house, data=b""):
    made = socket.create_connection(("127.0.0.1", house.port), 60)
    made.sendall(data)
    return made


def test_slow_connections_do_not_keep_a_viewer_out(serve):
    house = serve(connections=16)
    half = [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "]
    slow = [connect(house, half[n % 2]) for n in range(200)]
    house.show()
    assert house.get("/api/status")[0] == 200
    for each in slow:
        each.close()


def test_a_header_that_does_not_end_is_not_waited_for(serve):
    house = serve(header_s=0.3)
    with connect(house, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n") as slow:
        slow.settimeout(0.05)

        def is_closed():
            try:
                slow.sendall(b"X")  # a byte now and then does not keep it open
                return slow.recv(1000) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        until(is_closed, "still open")


def test_logins_that_do_not_end_keep_nobody_out(serve):
    token = new()
    house = serve(connections=16, token=token)
    head = b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n{"
    slow = [connect(house, head) for _ in range(16)]
    assert all(each.recv(1000).startswith(b"HTTP/1.1 100 ") for each in slow)
    house.show()
    assert house.get("/api/status", headers={"Authorization": f"Bearer {token.secret}"})[0] == 200
    for each in slow:
        each.close()


def test_a_login_that_does_not_end_is_not_waited_for(serve, monkeypatch):
    monkeypatch.setattr(app, "LOGIN_S", 0.1)
    house = serve(token=new())
    with connect(house, b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{") as slow:
        assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")


class Counting:
    """A rate that allows everything and counts it."""

    count = 0

    def allows(self, peer):
        self.count += 1
        return True


def ask_and_read_nothing(house):
    """A connection on which answers pile up."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    made.connect(("127.0.0.1", house.port))
    made.sendall(b"GET /style.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 500)
    return made


def descriptors_fall_to(most):
    until(lambda: len(descriptors()) <= most, "connections are still open")


def test_clients_that_read_nothing_make_room(serve):
    requests = Counting()
    house = serve(connections=4, rates=Rates(requests, requests, requests))
    before = len(descriptors())
    deaf = []
    for _ in range(12):
        deaf.append(ask_and_read_nothing(house))
        known = -2
        while requests.count != known + 1:  # until its answers are stuck, and only our own request is answered
            known = requests.count
            assert house.get("/api/status")[0] == 200
    descriptors_fall_to(before + len(deaf) + 4)
    for each in deaf:
        each.close()


def test_a_client_that_takes_nothing_of_an_answer_is_gone(serve):
    house = serve(take_s=0.2, header_s=0.1)
    before = len(descriptors())
    with ask_and_read_nothing(house):
        descriptors_fall_to(before + 1)


@pytest.mark.parametrize(
    "request_line",
    [b"GET /%00 HTTP/1.1", b"GET /%ff HTTP/1.1", b"GET /../../etc/passwd HTTP/1.1", b"GET //etc/passwd HTTP/1.1",
     b"TRACE / HTTP/1.1", b"PUT / HTTP/1.1", b"DELETE /api/image HTTP/1.1", b"GET /" + b"a" * 60_000 + b" HTTP/1.1",
     b"nonsense", b"GET http://evil.example/ HTTP/1.1", b"CONNECT evil.example:80 HTTP/1.1", b"GET * HTTP/1.1"],
)  # fmt: skip
def test_odd_requests_are_refused(serve, request_line):
    house = serve()
    with connect(house, request_line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n") as odd:
        odd.settimeout(60)
        answer = b"".join(iter(lambda: odd.recv(65536), b""))
    status = int(answer.split()[1])
    assert 400 <= status < 500 or request_line.startswith((b"GET http:", b"CONNECT"))
    assert b"root:" not in answer
    assert status < 500


SECRET = b"s3cret"


@pytest.mark.parametrize(
    ("request_bytes", "status", "error"),
    [
        (b"\x16\x03\x01\x02\0\x01\0", 400, "this port speaks HTTP; write http:// in place of https://"),
        (b"FROB /s3cret HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "unknown method; expected GET, HEAD or POST"),
        (b"GET /s3cret HTTP/1.1\r\n\r\n", 400, "expected one Host header"),
        (b"GET /s3cret HTTP/1.1\r\nHost: s3cret\r\nHost: s3cret\r\n\r\n", 400, "expected one Host header"),
        (b"GET /s3cret" + b"a" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "the request line or a header"),
        (b"GET /s3cret\xe9 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "malformed address; percent-encode"),
        (b"GET http://s3cret[/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400, "malformed address; percent-encode"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA s3cret: x\r\n\r\n", 400, "malformed"),
        (b"POST /api/image HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n", 400, "malformed"),
        (b"GET /s3cret HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: s3cret\r\nConnection: close\r\n\r\n", 417, "unknown Expect"),
    ],
)
def test_what_is_not_a_request_is_answered_as_every_other_error_is(serve, request_bytes, status, error):
    house = serve()
    with connect(house, request_bytes) as odd:
        answer = http.client.HTTPResponse(odd)
        answer.begin()
        body = answer.read()
    told = json.loads(body)
    assert (answer.status, list(told)) == (status, ["error"])
    assert told["error"].startswith(error)
    assert "\n" not in told["error"]
    assert answer.getheader("Server") == "edge-emotion"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Content-Type").startswith("application/json")
    assert SECRET not in body + str(answer.headers).encode()


def test_many_headers_are_refused(serve):
    house = serve()
    lines = b"".join(b"X-%d: a\r\n" % n for n in range(5000))
    with connect(house, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + lines + b"\r\n") as odd:
        odd.settimeout(60)
        try:
            answer = odd.recv(100)
        except ConnectionResetError:
            answer = b"HTTP/1.1 400"
    assert answer.split()[1] == b"400"


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", None), ("192.0.2.1", 0), ("127.0.0.1", 99999)])
def test_an_address_that_is_not_available_is_one_line(host, port):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1] if port is None else port
        with pytest.raises(EdgeError, match=f"{host}:{port}: cannot serve there .*; choose another host or port"):
            listening(host, port)


@pytest.mark.skipif(not has_ipv6(), reason="needs the address ::1")
def test_the_address_of_all_networks_is_that_of_ipv4_too(serve):
    house = serve(host="::", proxy="192.0.2.9")  # only the proxy and this machine may ask
    assert house.get("/api/status")[0] == 200
    with socket.create_connection(("::1", house.port), 60) as six:
        six.sendall(b"GET /api/status HTTP/1.1\r\nHost: [::1]\r\n\r\n")
        assert six.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_taken_address_does_not_stop_the_service(caplog):
    from aiohttp import web

    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = Server(web.Application, "127.0.0.1", taken.getsockname()[1], patient=True)
        server.start()
        server.close()
    assert "cannot serve there" in caplog.text


def test_many_at_once_do_not_take_all_descriptors(serve):
    house = serve(connections=16)
    before = len(descriptors())
    many = [connect(house) for _ in range(200)]
    assert house.get("/api/status")[0] == 200
    assert len(descriptors()) - before - len(many) < 16 + AT_ONCE
    for each in many:
        each.close()


def test_the_doctor_knows_the_page_that_has_the_port(serve):
    settings = Settings(web=WebSettings(enabled=True, port=serve().port))
    (finding,) = page(settings, lambda: "9 fps", {})
    assert (finding.level, finding.text) == ("ok", "used by the service (9 fps)")

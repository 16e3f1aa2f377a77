"""Connections: slow, idle and too many of them."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time

import pytest

from edge.commands.doctor_outputs import page
from edge.errors import EdgeError
from edge.settings import Settings, WebSettings
from edge.web.address import listening
from edge.web.server import AT_ONCE, Server


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
        slow.settimeout(60)
        for _ in range(100):  # a byte now and then does not keep it open
            try:
                slow.sendall(b"X")
                slow.setblocking(False)
                if slow.recv(1000) == b"":
                    break
            except BlockingIOError:
                time.sleep(0.05)
            except OSError:
                break
            finally:
                slow.setblocking(True)
        else:
            pytest.fail("still open")


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


def test_a_taken_address_does_not_stop_the_service(caplog):
    from aiohttp import web

    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = Server(web.Application, "127.0.0.1", taken.getsockname()[1], patient=True)
        server.start()
        server.close()
    assert "cannot serve there" in caplog.text


def test_many_at_once_do_not_take_all_descriptors(serve):
    house = serve(connections=16)
    before = len(os.listdir("/proc/self/fd"))
    many = [connect(house) for _ in range(200)]
    assert house.get("/api/status")[0] == 200
    assert len(os.listdir("/proc/self/fd")) - before - len(many) < 16 + AT_ONCE
    for each in many:
        each.close()


def test_the_doctor_knows_the_page_that_has_the_port(serve):
    settings = Settings(web=WebSettings(enabled=True, port=serve().port))
    (finding,) = page(settings, lambda: "9 fps", {})
    assert (finding.level, finding.text) == ("ok", "used by the service (9 fps)")

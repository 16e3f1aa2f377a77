"""To which servers a camera's password goes, and in which letters; servers of our own on the loopback interface."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

import pytest

from edge.cameras.http_request import request, same_server
from edge.cameras.login import challenges


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("http://cam/a", "http://CAM:80/b", True),
        ("https://cam/a", "https://cam:443/b", True),
        ("http://cam:8080/a", "http://cam:8080/b", True),
        ("http://cam/a", "https://cam/a", True),
        ("http://cam/a", "http://cam.example/a", False),
        ("http://cam/a", "http://cam:8080/a", False),
        ("http://cam:8080/a", "http://cam/a", False),
        ("http://cam/a", "https://cam:8443/a", False),
        ("http://cam:8080/a", "https://cam/a", False),
        ("http://cam:8080/a", "https://cam:8080/a", False),
        ("http://cam/a", "https://other/a", False),
        ("https://cam/a", "http://cam/a", False),
        ("https://cam:8443/a", "http://cam:8443/a", False),
    ],
)
def test_a_password_is_for_one_server(first, second, same):
    assert same_server(urlsplit(first), urlsplit(second)) is same


class Handler(BaseHTTPRequestHandler):
    """Redirects to its server's `target`, or asks for a login until it has one; the server keeps those it got."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        given = self.headers.get("Authorization")
        self.server.given += [given] if given else []
        if self.server.target:
            self.send_response(302)
            self.send_header("Location", self.server.target)
        elif given:
            self.send_response(200)
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", self.server.offered)
        self.end_headers()


@contextmanager
def serving(offered, target=""):
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.offered, server.target, server.given = offered, target, []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_redirect_to_another_port_of_the_same_host_does_not_get_the_password():
    with serving('Basic realm="x"') as other:
        target = f"http://127.0.0.1:{other.server_port}/"
        with serving("", target) as camera:
            with pytest.raises(HTTPError) as caught:
                request(f"http://me:secret@127.0.0.1:{camera.server_port}/", 10.0)
            caught.value.close()
        assert (caught.value.code, caught.value.url, other.given) == (401, target, [])


@pytest.mark.parametrize("user", ["me", "jos\u00e9", "\u0416\u0430\u043d"], ids=["ascii", "latin", "cyrillic"])
@pytest.mark.parametrize(
    "realm", [b"cam", "T\u00fcr".encode(), "T\u00fcr".encode("latin-1")], ids=["ascii", "utf-8", "latin-1"]
)
def test_a_digest_takes_user_names_and_realms_in_any_letters(user, realm):
    with serving(f'Digest realm="{realm.decode("latin-1")}", nonce="n"') as camera:
        request(f"http://{quote(user)}:p%C3%A4ss@127.0.0.1:{camera.server_port}/", 10.0).close()
    [given] = camera.given
    fields = {name: value.encode("latin-1") for name, value in challenges([given])[0].fields.items()}
    assert (fields["username"], fields["realm"]) == (user.encode(), realm)
    who = hashlib.md5(b":".join((user.encode(), realm, "p\u00e4ss".encode()))).hexdigest()
    what = hashlib.md5(b"GET:/").hexdigest()
    assert fields["response"].decode() == hashlib.md5(f"{who}:n:{what}".encode()).hexdigest()

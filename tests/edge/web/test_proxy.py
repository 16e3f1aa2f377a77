"""The page behind a proxy, below a prefix and in another page's frame, as Home Assistant's ingress shows it."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from edge.web.token import Token

TOKEN = Token("correct-horse-battery-staple")
PREFIX = "/api/ingress/door"
HOME = b'<!doctype html><title>home</title><iframe id="panel" src="%b/" width="900" height="700"></iframe>'


class Proxy(BaseHTTPRequestHandler):
    """Serves a page with a frame, and what is below the prefix from another port, as it comes."""

    port = 0

    def do_GET(self):
        if self.path == "/":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(HOME % PREFIX.encode())
        elif self.path.startswith(PREFIX):
            self.pass_on()
        else:
            self.send_error(404)

    do_POST = do_GET

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        own = f"localhost:{self.server.server_port}"
        headers |= {"Host": "127.0.0.1", "X-Forwarded-Host": own, "X-Forwarded-Prefix": PREFIX}
        connection.request(self.command, self.path[len(PREFIX) :] or "/", body, headers)
        answer = connection.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name not in ("Connection", "Transfer-Encoding"):
                self.send_header(name, value)
        self.end_headers()
        try:
            while data := answer.read1(65536):
                self.wfile.write(data)
        except ConnectionError:
            pass  # the browser went on
        finally:
            connection.close()

    def log_message(self, *_):
        pass


@pytest.fixture
def home(serve):
    """A served page behind a proxy: the house, and the proxy's address."""
    servers = []

    def make(**settings):
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Passing", (Proxy,), {}))
        server.daemon_threads = True
        address = f"http://localhost:{server.server_port}"
        house = serve(token=TOKEN, trust_proxy=True, **{"frame": address, **settings})
        server.RequestHandlerClass.port = house.port
        threading.Thread(target=server.serve_forever).start()
        servers.append(server)
        return house, address

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


INSIDE = "document.getElementById('panel').contentDocument"


def test_the_page_works_below_a_prefix_and_in_a_frame(home, browser):
    house, address = home()
    house.play()
    browser.open(address)
    browser.wait(f"!!{INSIDE}?.getElementById('form')")
    browser.eval(f"{INSIDE}.getElementById('token').value = {TOKEN.secret!r}")
    browser.eval(f"{INSIDE}.querySelector('form button').click()")
    browser.wait(f"{INSIDE}?.querySelector('.box span')?.textContent === 'happy 90 %'")
    browser.wait(f"{INSIDE}.getElementById('view').width === 64")
    browser.eval(f"{INSIDE}.getElementById('pause').click()")
    browser.wait(f"{INSIDE}.getElementById('over-title').textContent === 'Paused'")
    assert house.control.asked
    assert not [url for url in browser.requests if f":{house.port}/" in url], "nothing goes around the proxy"


def test_no_other_site_may_frame_it(home, browser):
    _, address = home(frame="https://other.example")
    browser.open(address)
    browser.wait(f"{INSIDE} === null")  # the browser's own page of a refusal

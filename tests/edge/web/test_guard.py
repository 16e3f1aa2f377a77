"""Who may ask for what, over real HTTP."""

from __future__ import annotations

import contextlib
import json

import pytest

from edge.errors import SettingsError
from edge.settings import WebSettings
from edge.web.guard import CSRF_HEADER, Guard, Refused
from edge.web.part import token_for
from edge.web.rates import Rate, Rates
from edge.web.token import Token

TOKEN = Token("correct-horse-battery-staple")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("127.0.0.1:8095", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("localhost.", 200),
        ("[::1]:8095", 200), ("192.0.2.7:80", 200), ("door.example", 200),
        ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("evil@127.0.0.1", 403),
        ("127.0.0.1@evil.example", 403),
        ("", 403), ("127.0.0.1:99999999", 403), ("[::1", 403), ("127.1", 403), ("2130706433", 403),
        ("127.0.0.1, evil.example", 403),
        (("127.0.0.1", "evil.example"), 400),
    ],
)  # fmt: skip
def test_only_our_own_names_are_answered(serve, host, status):
    house = serve(hosts="door.example")
    assert house.ask("GET", "/api/status", host=host)[0] == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),  # typed
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ({"Referer": "https://evil.example/"}, 403),  # a browser that does not know Sec-Fetch-Site
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
    ],
)
def test_what_a_page_of_another_site_asks_for_is_refused(serve, headers, status):
    house = serve()
    house.show()
    assert house.ask("GET", "/api/status", headers=headers)[0] == status
    assert house.hub.watchers == 0


def test_an_image_of_another_site_does_not_switch_the_camera_on(serve):
    house = serve()
    house.clock.advance(60)
    for path in ("/api/live", "/live", "/api/events"):
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}
        assert house.ask("GET", path, headers=headers)[0] == 403
    assert not house.hub.watched


def test_a_link_from_anywhere_opens_the_page(serve):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Referer": "https://news.example/"}
    assert serve().ask("GET", "/", headers=headers)[0] == 200


def test_a_post_of_another_origin_is_refused_and_ours_is_not(serve, png):
    house, picture = serve(), {"Content-Type": "image/png"}
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{house.port + 1}"):
        assert house.post("/api/image", png((32, 32, True, False)), headers={**picture, "Origin": origin})[0] == 403
        assert house.post("/api/pause", headers={"Origin": origin})[0] == 403
    assert not house.control.asked
    assert house.opened == 0
    ours = {"Origin": f"http://127.0.0.1:{house.port}", "Sec-Fetch-Site": "same-origin"}
    assert house.post("/api/pause", headers=ours) == (200, {"paused": True})


@pytest.mark.parametrize("site", [{"Sec-Fetch-Site": "same-origin"}, {}], ids=["https", "http"])
def test_behind_a_proxy_that_changes_the_name_the_page_says_so(serve, site):
    house = serve(token=Token("correct-horse-battery-staple"))
    headers = {"Origin": "https://door.example", **site}
    assert house.ask("GET", "/login.js", headers=headers)[0] == 200
    status, told = house.post("/api/login", headers=headers)
    assert status == 403
    name = f"127.0.0.1:{house.port}"
    assert told["error"].startswith(f"refused: the request came from a page at https://door.example, not {name}; ")
    assert "set [web] trust_proxy" in told["error"]
    assert house.ask("GET", "/login.js", headers={**headers, "Sec-Fetch-Site": "cross-site"})[0] == 403


def test_no_other_origin_may_read(serve):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    status, answer, _ = serve().ask("OPTIONS", "/api/image", headers=headers)
    assert status == 403
    assert not [name for name in answer if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/", "/style.css", "/api/status", "/nowhere"])
def test_every_answer_has_the_security_headers(serve, path):
    _, headers, _ = serve().ask("GET", path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] == "edge-emotion"


def test_a_named_site_may_frame_the_page(serve):
    _, headers, _ = serve(frame="https://home.example:8123").ask("GET", "/")
    assert "frame-ancestors https://home.example:8123" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers


def test_without_the_token_a_neighbour_sees_nothing(serve):
    house = serve(token=TOKEN)
    house.show()
    for path in (
        "/api/status",
        "/api/faces",
        "/api/events",
        "/api/live",
        "/live",
        "/app.js",
        "/openapi.json",
        "/sample.jpg",
    ):
        assert house.ask("GET", path)[0] == 401, path
    for path in ("/api/image", "/api/pause", "/api/resume"):
        assert house.post(path)[0] == 401, path
    status, _, page = house.ask("GET", "/")
    assert status == 401
    assert b"Token" in page
    assert not house.control.asked


def test_a_program_shows_the_token(serve):
    house = serve(token=TOKEN)
    assert house.get("/api/status", headers={"Authorization": f"Bearer {TOKEN.secret}"})[0] == 200
    assert house.get("/api/status", headers={"Authorization": "Bearer guess"})[0] == 401
    assert house.post("/api/pause", headers={"Authorization": f"bearer {TOKEN.secret}"}) == (200, {"paused": True})


def log_in(house, token=TOKEN.secret, **more):
    """The status, the cookies of the answer as a browser would send them, and their attributes."""
    status, headers, _ = house.ask("POST", "/api/login", json.dumps({"token": token}).encode(), **more)
    return status, headers


def test_a_browser_has_a_session_and_its_page_proves_itself(serve, tiny):
    import http.cookies
    import urllib.request

    house = serve(token=TOKEN)
    request = urllib.request.Request(house.address + "api/login", json.dumps({"token": TOKEN.secret}).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        lines = answer.headers.get_all("Set-Cookie")
    assert all("SameSite=Strict" in line for line in lines)
    jar = http.cookies.SimpleCookie()
    for line in lines:
        jar.load(line)
    name = f"edge_emotion_{house.port}"
    assert jar[name]["httponly"]
    assert TOKEN.secret not in str(jar)
    session, csrf = jar[name].value, jar[f"edge_emotion_csrf_{house.port}"].value
    cookie = {"Cookie": f"{name}={session}"}
    assert house.get("/api/status", headers=cookie)[0] == 200
    assert house.post("/api/pause", headers=cookie)[0] == 403
    assert house.post("/api/pause", headers={**cookie, CSRF_HEADER: "guess"})[0] == 403
    assert house.post("/api/pause", headers={**cookie, CSRF_HEADER: csrf}) == (200, {"paused": True})
    forged = {"Cookie": f"{name}={session[:-1]}{'0' if session[-1] != '0' else '1'}"}
    assert house.get("/api/status", headers=forged)[0] == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 5}', b"\xff", b"x" * 10_000])
def test_a_malformed_login_is_an_answer_of_one_line(serve, body):
    status, told = serve(token=TOKEN).post("/api/login", body)
    assert status in (400, 401, 413)
    assert list(told) == ["error"]


@pytest.mark.parametrize(("body", "kind"), [(b"[" * 4000, "application/json"), (b"{}", "text/plain; charset=klingon")])
def test_a_malformed_login_does_not_fill_the_log(serve, caplog, body, kind):
    house = serve(token=TOKEN)
    assert house.post("/api/login", body, headers={"Content-Type": kind})[0] == 400
    assert caplog.text == ""


def test_guesses_are_slowed_down(serve):
    house = serve(token=TOKEN, rates=Rates(Rate(1e6, 1e6), Rate(1e6, 1e6), Rate(3, 0.001)))
    statuses = [log_in(house, "guess")[0] for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


def test_a_prefix_is_believed_only_of_a_trusted_proxy(serve):
    for trusted, path in ((False, "Path=/"), (True, "Path=/door/")):
        house = serve(token=TOKEN, trust_proxy=trusted)
        _, headers = log_in(house, headers={"X-Forwarded-Prefix": "/door"})
        assert path in headers["Set-Cookie"].split("; ")


@pytest.mark.parametrize(
    ("trusted", "host", "headers", "suffix"),
    [
        (False, "127.0.0.1", {}, ""),
        (False, "[::1]:8096", {}, "_8096"),
        (False, "localhost:9001", {}, "_9001"),  # another than the server's own, as through an SSH tunnel
        (False, "localhost:443", {}, ""),  # by a proxy that writes what browsers leave out
        (False, "localhost:9001", {"X-Forwarded-Host": "localhost:9002"}, "_9001"),
        (True, "localhost:9001", {"X-Forwarded-Host": "localhost:9002"}, "_9002"),
    ],
)
def test_cookies_are_named_by_the_port_that_the_browser_asked(serve, trusted, host, headers, suffix):
    house = serve(token=TOKEN, trust_proxy=trusted)
    status, answer = log_in(house, host=host, headers=headers)
    assert status == 200
    assert answer["Set-Cookie"].startswith(f"edge_emotion_csrf{suffix}=")
    cookie = {"Cookie": f"edge_emotion{suffix}={TOKEN.session()}", **headers}
    assert house.ask("GET", "/api/status", host=host, headers=cookie)[0] == 200
    status, _, told = house.ask("POST", "/api/pause", b"", host=host, headers=cookie)
    assert status == 403
    assert told.decode().endswith(f'the cookie edge_emotion_csrf{suffix}"}}')


def test_a_rate_fills_up_again():
    now = [0.0]
    rate = Rate(2, 1.0, lambda: now[0])
    assert [rate.allows("a") for _ in range(3)] == [True, True, False]
    assert rate.allows("b")
    now[0] = 1.0
    assert [rate.allows("a") for _ in range(2)] == [True, False]


def test_too_many_requests_are_refused(serve):
    house = serve(rates=Rates(Rate(3, 0.001), Rate(1, 0.001), Rate(1, 1)))
    assert [house.ask("GET", "/api/status")[0] for _ in range(4)] == [200, 200, 200, 429]


# A proxy that has its users log in, such as Home Assistant's ingress


def test_only_the_proxy_is_answered_under_any_name_and_without_a_token(serve):
    """127.0.0.2 stands for the proxy: on Linux it is this machine's, too."""
    house = serve(proxy="127.0.0.2")
    asked = {"X-Forwarded-Host": "home.example:8123", "Origin": "http://home.example:8123"}
    assert house.ask("GET", "/api/status", headers=asked, host="172.30.33.4:8099", source="127.0.0.2")[0] == 200
    assert house.ask("POST", "/api/pause", b"", headers=asked, host="addon", source="127.0.0.2")[0] == 200
    elsewhere = {**asked, "Origin": "https://evil.example"}
    assert house.ask("POST", "/api/resume", b"", headers=elsewhere, host="addon", source="127.0.0.2")[0] == 403
    # From this machine, as always: by its own names only.
    assert [house.ask("GET", "/api/status", host=name)[0] for name in ("localhost", "evil.example")] == [200, 403]


def test_others_than_the_proxy_are_refused():
    from aiohttp.test_utils import make_mocked_request

    guard = Guard(WebSettings(proxy="172.30.32.2"), None)
    for peer, refused in (("172.30.32.2", False), ("172.30.32.20", True), ("192.0.2.7", True), ("127.0.0.1", False)):
        request = make_mocked_request("GET", "/api/status", {"Host": "localhost"}).clone(remote=peer)
        with pytest.raises(Refused) if refused else contextlib.nullcontext():
            guard.check(request)


def test_behind_the_proxy_there_is_no_token_and_its_address_is_checked():
    settings = WebSettings(host="0.0.0.0", proxy="172.30.32.2")
    assert token_for(settings, {}) is None
    with pytest.raises(SettingsError, match=r"\[web\] proxy: expected an address such as 172.30.32.2, got 'ingress'"):
        Guard(WebSettings(proxy="ingress"), None)

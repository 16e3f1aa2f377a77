"""Cameras behind HTTP addresses: a fake of urllib's responses, then a server of our own on the loopback interface."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import re
import ssl
import threading
import urllib.error
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer

import cv2
import numpy as np
import pytest

from edge.cameras import opencv
from edge.cameras.http import MjpegGrabber, SnapshotGrabber, open_http
from edge.cameras.mjpeg import START
from edge.errors import CameraTimeout, SourceError
from edge.settings import SourceSettings
from edge.testing import FakeClock

ADDRESS = "http://me:secret@cam/shot.jpg?pwd=secret"


def jpeg(level):
    ok, data = cv2.imencode(".jpg", np.full((48, 64, 3), level, np.uint8))
    assert ok
    return data.tobytes()


class Response(io.BytesIO):
    """A response with this type and body."""

    status = 200

    def __init__(self, kind, body, headers=None):
        super().__init__(body)
        self.headers = Message()
        for name, value in (headers or {}).items():
            self.headers[name] = value
        if kind:
            self.headers["Content-Type"] = kind


def settings(**values):
    return SourceSettings(**{"source": ADDRESS, "timeout_s": 2.0, **values})


def multipart(*bodies):
    parts = b"".join(b"--f\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(body), body) for body in bodies)
    return Response("multipart/x-mixed-replace; boundary=f", parts)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (Response("image/jpeg", jpeg(9)), SnapshotGrabber),
        (Response("Image/PNG; x=y", b""), SnapshotGrabber),
        (multipart(jpeg(9)), MjpegGrabber),
        (Response("video/mp4", b""), type(None)),
        (Response("application/vnd.apple.mpegurl", b""), type(None)),
        (Response("application/octet-stream", jpeg(9)), SnapshotGrabber),
        (Response("", jpeg(9)), SnapshotGrabber),
        (Response("text/plain", jpeg(9), {"Content-Length": "9"}), SnapshotGrabber),
        (Response("video/x-motion-jpeg", jpeg(9) + jpeg(9)), MjpegGrabber),
        (Response("application/octet-stream", jpeg(9) + b"\r\n" + jpeg(9)), MjpegGrabber),
    ],
)
def test_what_a_camera_sends_decides_how_it_is_read(response, kind):
    grabber = open_http(settings(), lambda address, timeout_s: response)
    assert type(grabber) is kind
    if grabber:
        grabber.close()
    assert response.closed


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (urllib.error.HTTPError(ADDRESS, 401, "no", Message(), None), "the camera rejects the user name or password"),
        (urllib.error.HTTPError(ADDRESS, 404, "no", Message(), None), r"nothing at this path \(HTTP 404\)"),
        (urllib.error.HTTPError(ADDRESS, 503, "no", Message(), None), "the camera answered with HTTP 503"),
        (urllib.error.URLError(ConnectionRefusedError(111, "refused")), "nothing is listening on this host and port"),
        (urllib.error.URLError(OSError(113, "No route to host")), r"cannot be reached \(No route to host\)"),
        (TimeoutError("timed out"), "did not answer within 2 s"),
        (urllib.error.HTTPError(ADDRESS, 302, "loop", Message(), None), r"redirects in a loop, or to .* \(HTTP 302\)"),
        (
            urllib.error.URLError(ssl.SSLError(1, "x")),
            r"no encrypted connection to the camera \(no reason given\); try",
        ),
        (http.client.BadStatusLine("secret"), r"not valid HTTP \(BadStatusLine\)"),
        (ValueError("unknown url type: http://me:secret@cam"), "not valid HTTP"),
    ],
)
def test_a_refusal_says_why_and_not_with_which_password(error, message):
    def fails(address, timeout_s):
        raise error

    with pytest.raises(SourceError, match=f"^http://cam: .*{message}") as caught:
        open_http(settings(), fails)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "status", "says"),
    [
        ("text/html; charset=utf-8", 200, "answers with text/html, expected pictures"),
        ("application/json", 200, "answers with application/json, expected pictures"),
        ("", 204, "answers with nothing, expected pictures"),
        ("", 200, "answers with nothing, expected pictures"),
        ("text/html", 200, "answers with nothing, expected pictures"),
        ("application/octet-stream", 200, "answers with nothing, expected pictures"),
    ],
)
def test_an_answer_that_is_no_picture_is_named(kind, status, says):
    response = Response(kind, b"" if says.startswith("answers with nothing") else b"<html>")
    response.status = status
    with pytest.raises(SourceError, match=f"^http://cam: the camera {says}; check the path of the address$"):
        open_http(settings(), lambda address, timeout_s: response)
    assert response.closed


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the camera's answer is empty, expected a picture"),
        (b"<html>", "not a picture that can be decoded"),
        (jpeg(9)[:200], "cannot decode the picture"),
    ],
)
def test_why_there_is_no_picture_is_said_before_the_time_out(body, says):
    """Whoever waits for a frame only knows that none came."""
    clock = FakeClock()
    grabber = SnapshotGrabber(
        "http://cam", settings(), Response("image/jpeg", body), lambda address, timeout_s: Response("image/jpeg", body),
        clock.monotonic, clock.sleep,
    )  # fmt: skip
    with pytest.raises(SourceError, match=f"^http://cam: {says}"):
        grabber.read()
    assert clock.monotonic() < 2.0


@pytest.mark.parametrize("kind", ["", "application/octet-stream", "image/jpeg"])
def test_pictures_of_any_type_are_read_again_from_their_first_byte(kind):
    levels = iter((10, 60, 110))
    grabber = open_http(settings(), lambda address, timeout_s: Response(kind, jpeg(next(levels))))
    assert [round(grabber.read().mean()) for _ in range(3)] == pytest.approx([10, 60, 110], abs=2)


def test_a_series_of_jpegs_is_read_from_its_first_byte():
    body = b"".join(map(jpeg, (10, 60, 110)))
    grabber = open_http(settings(), lambda address, timeout_s: Response("video/x-motion-jpeg", body))
    assert [round(grabber.read().mean()) for _ in range(3)] == pytest.approx([10, 60, 110], abs=2)


@pytest.mark.parametrize("kind", ["", "image/jpeg", "multipart/x-mixed-replace"])
def test_answers_that_are_compressed_although_nobody_asked_for_it(kind):
    def ask(address, timeout_s):
        body = jpeg(90) * 2 if "multipart" in kind else jpeg(90)
        return Response(kind, gzip.compress(body), {"Content-Encoding": "gzip"})

    grabber = open_http(settings(), ask)
    assert [round(grabber.read().mean()) for _ in range(2)] == pytest.approx([90, 90], abs=2)


@pytest.mark.parametrize(
    ("kind", "coding", "body", "message"),
    [
        ("image/jpeg", "br", b"", r"sends compressed pictures \('br'\)"),
        ("image/jpeg", "gzip", jpeg(9), "the camera's compressed answer is damaged"),
        ("", "gzip", jpeg(9), "the camera's compressed answer is damaged"),
        ("image/jpeg", "gzip", gzip.compress(bytes(100_000_000), 1), "a picture of more than 16 MB"),
        ("", "gzip", gzip.compress(START + bytes(100_000_000), 1), "a picture of more than 16 MB"),
        ("multipart/x", "gzip", gzip.compress(START + bytes(100_000_000), 1), "a picture of more than 16 MB"),
    ],
)
def test_compressed_answers_that_are_no_pictures_are_refused(kind, coding, body, message):
    def ask(address, timeout_s):
        return Response(kind, body, {"Content-Encoding": coding, "Content-Length": str(len(body))})

    # The next picture would be due when the time is over: none is asked for.
    with pytest.raises(SourceError, match=f"^http://cam: .*{message}"):
        open_http(settings(fps=1 / 60, timeout_s=60.0), ask).read()


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(104, "reset"), http.client.IncompleteRead(b"")])
def test_a_connection_that_breaks_off_before_it_says_what_it_is(error):
    class Broken(Response):
        def read1(self, most):
            raise error

    response = Broken("", b"")
    with pytest.raises(SourceError, match=r"^http://cam: "):
        open_http(settings(), lambda address, timeout_s: response)
    assert response.closed


@pytest.fixture
def snapshots():
    """snapshots(answers, **settings): the grabber of a camera with these answers, and the times of its requests."""
    clock, times = FakeClock(), []

    def make(*answers, **values):
        waiting = list(answers)

        def ask(address, timeout_s):
            times.append(clock.monotonic())
            answer = waiting.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return Response("image/jpeg", answer)

        first = ask(ADDRESS, 1.0)
        return SnapshotGrabber("cam", settings(**values), first, ask, clock.monotonic, clock.sleep), times

    return make


@pytest.mark.parametrize(("fps", "interval"), [(30, 0.2), (2, 0.5)])
def test_a_snapshot_address_is_asked_again_and_again_at_the_rate_of_the_settings(snapshots, fps, interval):
    grabber, times = snapshots(*map(jpeg, (10, 60, 110)), fps=fps)
    levels = [grabber.read().mean() for _ in range(3)]
    assert levels == pytest.approx([10, 60, 110], abs=2)
    assert np.diff(times) == pytest.approx([interval, interval])


def test_a_failed_request_is_repeated_until_the_time_out(snapshots):
    lost = urllib.error.URLError(ConnectionRefusedError())
    grabber, times = snapshots(jpeg(10), lost, lost, b"no picture", jpeg(60), *[lost] * 20)
    assert [round(grabber.read().mean()) for _ in range(2)] == pytest.approx([10, 60], abs=2)
    before = len(times)
    with pytest.raises(SourceError, match=r"^cam: nothing is listening on this host and port$"):
        grabber.read()
    assert 5 <= len(times) - before <= 10


def test_a_stream_passes_over_pictures_that_cannot_be_decoded_and_ends_with_the_connection():
    grabber = MjpegGrabber("cam", settings(), multipart(jpeg(10), b"\xff\xd8\xff rubbish", jpeg(60)))
    assert [round(grabber.read().mean()) for _ in range(2)] == pytest.approx([10, 60], abs=2)
    with pytest.raises(SourceError, match=r"^cam: the camera ended the stream$"):
        grabber.read()


def test_where_no_picture_can_be_decoded_that_is_what_is_said(snapshots):
    grabber, _ = snapshots(*[b"packed"] * 20, TimeoutError())
    with pytest.raises(SourceError, match="not a picture that can be decoded"):
        grabber.read()


def test_a_stream_that_drips_is_a_time_out():
    clock = FakeClock()

    class Drip(Response):
        def read1(self, most):
            clock.advance(0.5)
            return b"."

    with pytest.raises(CameraTimeout, match="cam: the camera gave no frame for 2 s"):
        MjpegGrabber("cam", settings(), Drip("multipart/x-mixed-replace", b""), clock.monotonic).read()


def test_a_picture_with_too_many_pixels_is_not_decoded():
    clock = FakeClock()

    class Endless(Response):
        def read1(self, most):
            clock.advance(0.5)
            return jpeg(10)

    response = Endless("multipart/x-mixed-replace", b"")
    grabber = MjpegGrabber("cam", settings(max_megapixels=0.01), response, clock.monotonic)
    assert grabber.read().shape == (48, 64, 3)
    grabber = MjpegGrabber("cam", settings(max_megapixels=0.01), Endless("", b""), clock.monotonic)
    large = cv2.imencode(".jpg", np.zeros((200, 200, 3), np.uint8))[1].tobytes()
    grabber._response = type("Large", (Endless,), {"read1": lambda self, most: clock.advance(0.5) or large})("", b"")
    with pytest.raises(SourceError, match=r"200x200 pixels; expected at most 0\.01 megapixels"):
        grabber.read()


class Handler(BaseHTTPRequestHandler):
    """Asks for a password, then gives a snapshot, or a stream whose first part has no boundary line."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        if self.headers.get("Authorization") != "Basic bWU6c2VjcmV0":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return
        self.send_response(200)
        self.send_header(
            "Content-Type", "image/jpeg" if "shot" in self.path else "multipart/x-mixed-replace;boundary=f"
        )
        if "packed" in self.path:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        kind = "png" if "png" in self.path else "jpeg"
        body = cv2.imencode(f".{kind}", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
        if "shot" not in self.path:
            part = b"Content-Type: image/%b\r\n\r\n%b\r\n" % (kind.encode(), body)
            body = part + b"--f\r\n" + part + b"--f\r\n"
        if "packed" in self.path:
            body = gzip.compress(body)
        self.wfile.write(body)


class DigestHandler(Handler):
    """Asks for a digest as its server's `offered` says; sends on from /moved, and to another host from /away."""

    def do_GET(self):
        given = self.headers.get("Authorization", "")
        if self.path in ("/moved.jpg", "/away.jpg"):
            host = "127.0.0.1" if "moved" in self.path else "localhost"
            self.send_response(302)
            self.send_header("Location", f"http://{host}:{self.server.server_port}/shot.jpg")
            self.end_headers()
        elif self._is_right(given):
            self.headers.replace_header("Authorization", "Basic bWU6c2VjcmV0")
            super().do_GET()
        else:
            self.send_response(401)
            for challenge in self.server.offered:
                self.send_header("WWW-Authenticate", challenge)
            self.end_headers()

    def _is_right(self, given):
        fields = dict(re.findall(r'(\w+)="?([^",]*)', given))
        kind = hashlib.sha256 if fields.get("algorithm") == "SHA-256" else hashlib.md5
        one, two = (kind(text.encode()).hexdigest() for text in ("me:cam:secret", f"GET:{self.path}"))
        middle = f"n:{fields['nc']}:{fields['cnonce']}:auth:" if "qop" in fields else "n:"
        return fields.get("response") == kind(f"{one}:{middle}{two}".encode()).hexdigest()


DIGEST = 'Digest realm="cam", nonce="n"'
ASKED = "the camera asks for a user name and password; write USER:PASSWORD@ before its host"


@pytest.mark.parametrize(
    ("offered", "path", "user", "error"),
    [
        ([DIGEST], "shot.jpg", "me:secret@", ""),
        ([f'{DIGEST}, qop="auth"'], "shot.jpg", "me:secret@", ""),
        ([f'{DIGEST}, qop="auth", algorithm=SHA-256'], "shot.jpg", "me:secret@", ""),
        (['Basic realm="cam"', f"{DIGEST}, algorithm=SHA-256", DIGEST], "shot.jpg", "me:secret@", ""),
        ([DIGEST], "moved.jpg", "me:secret@", ""),
        ([DIGEST], "away.jpg", "me:secret@", r"the camera rejects the user name or password \(HTTP 401\)"),
        ([DIGEST], "shot.jpg", "me:wrong@", r"the camera rejects the user name or password \(HTTP 401\)"),
        ([f"{DIGEST}, stale=true"], "shot.jpg", "me:wrong@", r"the camera rejects the user name or password"),
        ([DIGEST], "shot.jpg", "", ASKED),
        (['Basic realm="cam"'], "shot.jpg", "", ASKED),
        ([], "shot.jpg", "", ASKED),
        ([], "shot.jpg", "me:secret@", "the camera rejects the user name or password"),
        (["Negotiate"], "shot.jpg", "me:secret@", "the camera asks for a login by Negotiate; set it to Basic, or"),
        ([f"{DIGEST}, algorithm=SHA-512-256"], "shot.jpg", "me:secret@", "by Digest with SHA-512-256; set it to"),
    ],
)
def test_a_camera_with_a_digest_is_opened_or_says_what_it_wants(offered, path, user, error):
    server = HTTPServer(("127.0.0.1", 0), DigestHandler)
    server.offered = offered
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        source = SourceSettings(source=f"http://{user}127.0.0.1:{server.server_port}/{path}")
        if error:
            with pytest.raises(SourceError, match=rf"^http://127\.0\.0\.1: .*{error}") as caught:
                opencv.open_stream(source)
            assert "\n" not in str(caught.value)
        else:
            grabber = opencv.open_stream(source)
            assert round(grabber.read().mean()) == pytest.approx(90, abs=2)
            grabber.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("path", "user", "error"),
    [
        ("shot.jpg", "me:secret", ""),
        ("shot-packed.jpg", "me:secret", ""),
        ("video", "me:secret", ""),
        ("video-png", "me:secret", ""),
        ("video-png-packed", "me:secret", ""),
        ("video", "me:wrong", "401"),
    ],
)
def test_a_camera_with_a_password_is_opened(path, user, error):
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        source = SourceSettings(source=f"http://{user}@127.0.0.1:{server.server_port}/{path}")
        if error:
            with pytest.raises(SourceError, match=rf"the camera rejects the user name or password \(HTTP {error}\)"):
                opencv.open_stream(source)
        else:
            grabber = opencv.open_stream(source)
            assert [round(grabber.read().mean()) for _ in range(2)] == pytest.approx([90, 90], abs=2)
            grabber.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""What a camera that cannot be opened is asked, played by a fake connection."""

from __future__ import annotations

import hashlib
import socket

import pytest

from edge.cameras import rtsp
from edge.cameras.login import ASKED
from edge.cameras.rtsp import GENERAL, REASONS, diagnose

ADDRESS = "rtsp://me:se%40cret@cam:8554/live"
SDP = (
    "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:a\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {}/90000\r\na=control:track1\r\n"
)


def answer(status, body="", *lines):
    head = [f"RTSP/1.0 {status} x", *lines, *([f"Content-Length: {len(body)}"] if body else [])]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


class Camera:
    """A connection to a camera with these answers, given in pieces of 50 bytes; it keeps what it was asked."""

    def __init__(self, *answers):
        self.answers, self.asked, self.waiting = list(answers), [], b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def settimeout(self, seconds):
        pass

    def sendall(self, data):
        self.asked.append(data.decode())
        self.waiting = self.answers.pop(0)

    def recv(self, most):
        data, self.waiting = self.waiting[:50], self.waiting[50:]
        return data


@pytest.fixture
def camera(monkeypatch):
    """camera(*answers): the next connection's other end."""

    def make(*answers):
        made = Camera(*answers)
        monkeypatch.setattr(rtsp.socket, "create_connection", lambda place, timeout_s: made)
        return made

    return make


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([answer(404)], "the camera has no such stream (RTSP 404); check the path in the address"),
        ([answer(401), answer(401)], REASONS[401]),
        ([answer(500)], "the camera answered with an error (RTSP 500)"),
        ([answer(200, "v=0\r\n")], "the stream has no video"),
        ([answer(200, SDP.format("H264")), answer(461)], REASONS[461]),
        ([answer(200, SDP.format("H264")), answer(200)], GENERAL),
        ([answer(200, SDP.format("H265")), answer(200)], "the stream is H.265 (HEVC), which could not be decoded; set"),
        (
            [answer(200, SDP.format("AV1")), answer(200)],
            "the stream is AV1, which could not be decoded; set the camera",
        ),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], GENERAL),
        ([b""], GENERAL),
        ([b"x" * 200_000], GENERAL),
    ],
)
def test_what_is_wrong_is_said(camera, answers, message):
    camera(*answers)
    found = diagnose(ADDRESS, 60.0)  # a busy machine takes a while for what is long
    assert found.startswith(message)
    assert "cret" not in found


def test_an_address_without_a_user_is_told_to_have_one(camera):
    camera(answer(401, "", 'WWW-Authenticate: Digest realm="cam", nonce="n"'))
    assert diagnose("rtsp://cam:8554/live", 1.0) == f"{ASKED} (RTSP 401)"


def test_a_login_that_is_not_known_is_named(camera):
    camera(answer(401, "", "WWW-Authenticate: Negotiate"), answer(401))
    assert diagnose(ADDRESS, 1.0).startswith("the camera asks for a login by Negotiate; set it to Basic, or to Digest")


@pytest.mark.parametrize(
    ("offered", "named"),
    [(["SHA-256"], True), (["MD5", "SHA-256"], True), (["SHA-256", "MD5"], False), (["MD5"], False)],
)
def test_a_login_that_only_ffmpeg_does_not_know_is_not_taken_for_a_wrong_password(camera, offered, named):
    asked = [f'WWW-Authenticate: Digest realm="cam", nonce="n", algorithm={name}' for name in offered]
    camera(answer(401, "", *asked), answer(200, SDP.format("H264")), answer(200))
    found = diagnose(ADDRESS, 60.0)
    asked = "the camera asks for a login by Digest with SHA-256, which is not supported over RTSP"
    expected = f"{asked}; set the camera to MD5 only"
    assert (found == expected) == named
    assert (found == GENERAL) != named


def test_the_track_is_asked_for_over_tcp_and_no_request_names_the_password(camera):
    made = camera(answer(200, SDP.format("H264"), "Content-Base: rtsp://cam:8554/live/"), answer(461))
    diagnose(ADDRESS, 1.0)
    describe, setup = made.asked
    assert describe.startswith("DESCRIBE rtsp://cam:8554/live RTSP/1.0\r\nCSeq: 1\r\n")
    assert setup.startswith("SETUP rtsp://cam:8554/live/track1 RTSP/1.0\r\nCSeq: 2\r\n")
    assert "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" in setup
    assert "cret" not in describe + setup


@pytest.mark.parametrize(
    ("challenge", "expected"),
    [
        ('Basic realm="cam"', "Basic bWU6c2VAY3JldA=="),
        (
            'Digest realm="cam", nonce="8b384f"',
            'Digest username="me", realm="cam", nonce="8b384f", uri="rtsp://cam:8554/live", response="',
        ),
    ],
)
def test_a_camera_that_asks_for_a_password_gets_it(camera, challenge, expected):
    made = camera(answer(401, "", f"WWW-Authenticate: {challenge}"), answer(404))
    assert diagnose(ADDRESS, 1.0) == REASONS[404]
    assert f"Authorization: {expected}" in made.asked[1]


def test_a_digest_takes_user_names_realms_and_paths_in_any_letters(camera):
    made = camera(answer(401, "", 'WWW-Authenticate: Digest realm="T\u00fcr", nonce="n"'), answer(404))
    assert diagnose("rtsp://%D0%96:p%C3%A4ss@cam/t\u00fcr", 1.0) == REASONS[404]
    one, two = (
        hashlib.md5(text.encode()).hexdigest() for text in ("\u0416:T\u00fcr:p\u00e4ss", "DESCRIBE:rtsp://cam/t\u00fcr")
    )
    response = hashlib.md5(f"{one}:n:{two}".encode()).hexdigest()
    told = f'Digest username="\u0416", realm="T\u00fcr", nonce="n", uri="rtsp://cam/t\u00fcr", response="{response}"'
    assert f"Authorization: {told}" in made.asked[1]


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        (ADDRESS, socket.gaierror(-2, "unknown"), "the host name is unknown"),
        (ADDRESS, ConnectionRefusedError(), "nothing is listening on port 8554 of this host"),
        (ADDRESS, TimeoutError(), "the host did not answer within 1 s"),
        (ADDRESS, OSError(113, "No route"), GENERAL),
        ("rtsps://cam/live", AssertionError("not to be asked"), GENERAL),
        ("rtsp:///live", AssertionError("not to be asked"), GENERAL),
        ("rtsp://me:a/b@cam/live", AssertionError("not to be asked"), "this is not a valid address; write special"),
    ],
)
def test_a_camera_that_cannot_be_reached_is_told_from_one_that_refuses(monkeypatch, address, error, message):
    def fails(place, timeout_s):
        raise error

    monkeypatch.setattr(rtsp.socket, "create_connection", fails)
    assert diagnose(address, 1.0).startswith(message)

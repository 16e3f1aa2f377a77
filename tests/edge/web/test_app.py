from __future__ import annotations

import io
import json
import struct
import tempfile
import zlib

import cv2
import pytest

from edge import records
from edge.errors import EngineError, SourceError
from edge.web import app as web
from edge.web.app import LOOPBACK, create_app

pytest.importorskip("flask", reason="needs the extra web: pip install 'edge-emotion[web]'")


def png(image) -> bytes:
    return cv2.imencode(".png", image[:, :, ::-1])[1].tobytes()


@pytest.fixture
def client(pipeline):
    return create_app(pipeline).test_client()


def bomb() -> bytes:
    """The first bytes of a PNG of 65535 x 65535 pixels."""
    header = struct.pack(">IIBBBBB", 65535, 65535, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0\0\0\x08IDAT"
    )


BOMB = bomb()


def send(client, data, name="door.png", field="image"):
    return client.post("/api/image", data={field: (io.BytesIO(data), name)})


def test_the_answer_is_the_object_of_the_command(client, pipeline, paint):
    image = paint((0, 32, True, True), (96, 48, False, False))
    response = send(client, png(image))
    assert response.status_code == 200
    expected = records.picture_record("door.png", image, pipeline.detect(image))
    assert json.loads(response.data) == expected
    assert list(json.loads(response.data)) == list(expected)
    assert len(expected["faces"]) == 2


def test_no_face_is_an_answer_too(client, paint):
    assert send(client, png(paint())).json == {"image": "door.png", "width": 160, "height": 120, "faces": []}


@pytest.mark.parametrize(
    ("data", "field", "code", "message"),
    [
        (b"", "image", 422, "door.png: the file is empty"),
        (b"only words", "image", 415, "expected JPEG, PNG or WebP"),
        (b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR\0\0\0\x04\0\0\0\x04", "image", 422, "the PNG file is damaged"),
        (
            BOMB,
            "image",
            413,
            "expected at most 40 megapixels",
        ),
        (b"anything", "photo", 400, "a field named image"),
    ],
    ids=["zero bytes", "text", "broken", "too many pixels", "another field"],
)
def test_a_bad_upload_is_one_line_of_json(client, data, field, code, message):
    response = send(client, data, field=field)
    assert response.status_code == code
    assert list(response.json) == ["error"]
    assert message in response.json["error"]
    assert "\n" not in response.json["error"]


def test_an_upload_over_the_limit_is_refused(client, monkeypatch):
    response = send(client, b"\0" * (web.MAX_BYTES + 1))
    assert response.status_code == 413
    assert response.json == {"error": "the upload is too large; expected at most 16 MB"}


@pytest.mark.parametrize(
    ("method", "path", "code"), [("GET", "/nowhere", 404), ("GET", "/api/image", 405), ("GET", "/live", 404)]
)
def test_other_errors_are_json_as_well(client, method, path, code):
    response = client.open(path, method=method)
    assert response.status_code == code
    assert list(response.json) == ["error"]


def test_a_large_upload_is_not_put_into_a_file(client, paint, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("an upload was written to a file")

    for name in ("SpooledTemporaryFile", "TemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse, raising=False)
    noise = cv2.randu(paint(width=1000, height=900), 0, 255)
    data = png(noise)
    assert len(data) > 1_000_000  # by default half a megabyte stays in memory
    assert send(client, data).status_code == 200


def test_a_failing_model_is_503_and_an_unforeseen_error_500(client, pipeline, paint, monkeypatch):
    def fail(error):
        def picture(image):
            raise error

        monkeypatch.setattr(pipeline, "detect", picture)
        return send(client, png(paint()))

    response = fail(EngineError("tiny-face: the model could not be run"))
    assert (response.status_code, response.json) == (503, {"error": "tiny-face: the model could not be run"})
    response = fail(ZeroDivisionError("secret details"))
    assert response.status_code == 500
    assert "secret" not in response.json["error"]


def test_the_page_needs_nothing_from_elsewhere_and_nothing_is_kept(client):
    response = client.get("/")
    text = response.get_data(as_text=True)
    policy = response.headers["Content-Security-Policy"]
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert f'<script nonce="{nonce}">' in text
    assert "default-src 'none'" in policy
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    assert 'id="watch"' not in text
    assert response.headers["Cache-Control"] == "no-store"
    assert client.get("/").headers["Content-Security-Policy"] != policy


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("evil.example:8080", 403),
        ("localhost.evil.example", 403),
    ],
)
def test_only_this_machines_own_names_are_served_by_default(pipeline, host, code):
    client = create_app(pipeline, hosts=LOOPBACK).test_client()
    assert client.get("/", headers={"Host": host}).status_code == code


class Stream:
    """A live view of two pictures that then fails."""

    def __init__(self, *jpegs, error=None):
        self.jpegs, self.error, self.closed = jpegs, error, False

    def watch(self):
        try:
            yield from self.jpegs
            if self.error:
                raise self.error
        finally:
            self.closed = True


def test_the_live_view_is_jpeg_after_jpeg_until_it_breaks_off(pipeline):
    live = Stream(b"one", b"three", error=SourceError("the camera is gone"))
    client = create_app(pipeline, live).test_client()
    assert 'id="watch"' in client.get("/").get_data(as_text=True)
    response = client.get("/live")
    assert response.mimetype == "multipart/x-mixed-replace"
    assert response.data == (
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\none\r\n"
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nthree\r\n"
    )
    assert live.closed


def test_a_camera_that_cannot_be_opened_is_503(pipeline):
    response = create_app(pipeline, Stream(error=SourceError("v4l2:7: no such camera"))).test_client().get("/live")
    assert (response.status_code, response.json) == (503, {"error": "v4l2:7: no such camera"})

"""POST /api/image."""

from __future__ import annotations

import threading
import zlib

import pytest

from edge.pipeline.pipeline import EmotionPipeline
from edge.web import app, server, uploads
from tests.waiting import until

FORM = {"Content-Type": "multipart/form-data; boundary=B"}


def form(data, name="x.png", field="image"):
    head = f'--B\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + data + b"\r\n--B--\r\n"


def test_faces_come_from_left_to_right_and_the_models_are_loaded_once(serve, png):
    house = serve()
    picture = png((96, 48, False, False), (0, 32, True, True))
    for body, headers in ((form(picture), FORM), (picture, {"Content-Type": "image/png"})):
        status, told = house.post("/api/image", body, headers=headers)
        assert status == 200
        assert (told["width"], told["height"]) == (160, 120)
        assert [face["worn"] for face in told["faces"]] == [True, False]
        assert [face["emotion"] for face in told["faces"]] == ["surprise", "sad"]
    assert house.opened == 1


def test_a_picture_without_a_face(serve, png):
    assert serve().post("/api/image", form(png()), headers=FORM)[1]["faces"] == []


def huge(width, height):
    """A small PNG file of very many pixels."""

    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        (b"", {}, 422, "the file is empty"),
        (b"", FORM, 400, "malformed form"),
        (form(b"x", field="other"), FORM, 400, "expected a picture"),
        (b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}, 400, "expected a picture"),
        (b"--B", {"Content-Type": "multipart/form-data"}, 400, "malformed form"),
        (form(b""), FORM, 422, "the file is empty"),
        (form(b"GIF89a", "<script>.gif"), FORM, 415, "GIF is not read here; expected JPEG, PNG or WebP"),
        (form(b"only words"), FORM, 415, "not a picture that can be decoded; expected JPEG, PNG or WebP"),
        (form(huge(6400, 6400)), FORM, 413, "expected at most 40 megapixels"),
        (form(huge(60_000, 60_000)), FORM, 413, "expected at most 40 megapixels"),
        (form(b"x" * 16_100_000), FORM, 413, "expected at most 16 MB"),
        (b"--B\r\n\r\nx\r\n" * 200_000 + b"--B--\r\n", FORM, 400, ""),
    ],
    ids=["nothing", "empty form", "another field", "no form", "no boundary", "empty", "gif", "text", "pixels", "bomb",
         "bytes", "fields"],
)  # fmt: skip
def test_what_cannot_be_looked_at_is_one_line(serve, monkeypatch, body, headers, status, error):
    monkeypatch.setattr(server, "LINGER_S", 60.0)  # however long this client takes to send what is refused
    house = serve()
    got, told = house.post("/api/image", body, headers=headers)
    assert (got, list(told)) == (status, ["error"])
    assert error in told["error"]
    assert "\n" not in told["error"]


def test_pictures_are_looked_at_one_at_a_time_and_few_may_wait(serve, png, monkeypatch):
    inside, most, go, begun = [], [], threading.Event(), threading.Event()

    def slowly(self, image):
        inside.append(1)
        most.append(len(inside))
        begun.set()
        assert go.wait(60)
        inside.pop()
        return ()

    monkeypatch.setattr(EmotionPipeline, "detect", slowly)
    house, statuses = serve(), []
    picture = png((32, 32, True, False))

    def send():
        statuses.append(house.post("/api/image", picture, headers={"Content-Type": "image/png"})[0])
        if statuses.count(503) == 24 - uploads.WAITING:
            go.set()

    threads = [threading.Thread(target=send) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * uploads.WAITING + [503] * (24 - uploads.WAITING)
    assert max(most) == 1


PNG = {"Content-Type": "image/png"}


def test_waiting_pictures_of_one_address_make_room_for_those_of_others(serve, png, monkeypatch):
    go, made, statuses = threading.Event(), [], {"127.0.0.1": [], "127.0.0.2": []}
    one, two = statuses
    monkeypatch.setattr(EmotionPipeline, "detect", lambda self, image: (go.wait(60), ())[1])

    class Watched(uploads.Uploads):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(app, "Uploads", Watched)
    house, picture = serve(), png((32, 32, True, False))

    def send(source):
        status = house.ask("POST", "/api/image", picture, PNG, source=source)[0]
        statuses[source].append(status)
        return status

    threads = []
    for source, inside in (
        (one, [one]), (one, [one] * 2), (one, [one] * 3), (one, [one] * 4), (two, [one] * 3 + [two]),
        (two, [one] * 2 + [two] * 2),
    ):  # fmt: skip
        threads.append(threading.Thread(target=send, args=(source,)))
        threads[-1].start()
        until(lambda inside=inside: [entry.peer for entry in list(made[0]._inside)] == inside)
    assert (send(one), send(two)) == (503, 503)
    go.set()
    for thread in threads:
        thread.join()
    assert {source: sorted(each) for source, each in statuses.items()} == {one: [200, 200, 503, 503, 503],
                                                                           two: [200, 200, 503]}  # fmt: skip


def test_the_sample_is_a_picture(serve):
    pytest.importorskip("matplotlib", reason="the demo's portrait comes with it")
    house = serve()
    status, headers, body = house.ask("GET", "/sample.jpg")
    assert (status, headers["Content-Type"], body[:2]) == (200, "image/jpeg", b"\xff\xd8")

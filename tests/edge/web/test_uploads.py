"""POST /api/image."""

from __future__ import annotations

import socket
import threading
import time
import zlib

import pytest

from edge.pipeline.pipeline import EmotionPipeline
from edge.web import reception, uploads

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
        (form(b"GIF89a", "<script>.gif"), FORM, 415, "expected JPEG, PNG or WebP"),
        (form(b"only words"), FORM, 415, "expected JPEG, PNG or WebP"),
        (form(huge(6400, 6400)), FORM, 413, "expected at most 40 megapixels"),
        (form(huge(60_000, 60_000)), FORM, 413, "expected at most 40 megapixels"),
        (form(b"x" * 16_100_000), FORM, 413, "expected at most 16 MB"),
        (b"--B\r\n\r\nx\r\n" * 200_000 + b"--B--\r\n", FORM, 400, ""),
    ],
    ids=["nothing", "empty form", "another field", "no form", "no boundary", "empty", "gif", "text", "pixels", "bomb",
         "bytes", "fields"],
)  # fmt: skip
def test_what_cannot_be_looked_at_is_one_line(serve, body, headers, status, error):
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


def begun(house, data=b"x", length=9):
    """A connection that has sent the beginning of a picture."""
    connection = socket.create_connection(("127.0.0.1", house.port), 60)
    head = f"POST /api/image HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + data)
    return connection


def wait_until(true):
    while not true():
        time.sleep(0.01)


@pytest.fixture
def arrivals(monkeypatch):
    """The list of what is on its way, once something is."""
    made = []

    class Watched(reception.Reception):
        def __init__(self):
            super().__init__()
            made.append(self)

    monkeypatch.setattr(uploads, "Reception", Watched)
    return lambda: [arrival.held for each in made for arrival in each._arrivals]


@pytest.mark.parametrize("limit", ["STILL_S", "RECEIVE_S"])
def test_a_picture_that_never_arrives_is_not_waited_for(serve, monkeypatch, limit):
    monkeypatch.setattr(reception, limit, 0.2)
    with begun(serve()) as slow:
        assert b" 408 " in slow.recv(1000)


def test_a_picture_that_drips_has_its_time_as_a_whole(serve, monkeypatch):
    monkeypatch.setattr(reception, "RECEIVE_S", 0.5)
    with begun(serve(), length=10_000) as slow:
        slow.settimeout(0.01)
        for _ in range(6_000):
            try:
                assert b" 408 " in slow.recv(1000)
                break
            except TimeoutError:
                slow.sendall(b"x")
        else:
            pytest.fail("still waited for")


def test_pictures_that_do_not_arrive_keep_no_other_client_out(serve, png, arrivals):
    house = serve()
    stalled = [begun(house, b"abc") for _ in range(reception.AT_ONCE)]
    wait_until(lambda: arrivals() == [3] * reception.AT_ONCE)
    picture = png((32, 32, True, False))
    assert house.ask("POST", "/api/image", picture, PNG, source="127.0.0.2")[0] == 200
    status, told = house.post("/api/image", picture, headers=PNG)
    assert (status, told) == (503, {"error": "busy with other pictures; try again in a moment"})
    for each in stalled:
        each.close()


def test_a_client_gives_up_its_own_picture_that_stands_still_longest(serve, png, arrivals, monkeypatch):
    monkeypatch.setattr(reception, "REPLACED_S", 0.0)
    house = serve()
    stalled = []
    for n in range(reception.AT_ONCE):
        stalled.append(begun(house, b"abc"))
        wait_until(lambda n=n: arrivals() == [3] * (n + 1))
    assert house.post("/api/image", png((32, 32, True, False)), headers=PNG)[0] == 200
    assert b" 408 " in stalled[0].recv(1000)
    wait_until(lambda: arrivals() == [3] * (reception.AT_ONCE - 1))
    for each in stalled:
        each.close()


def test_what_is_on_its_way_takes_so_much_memory_at_most(serve, png, arrivals, monkeypatch):
    picture = png((32, 32, True, False))
    monkeypatch.setattr(reception, "HELD_EACH", 1000 + len(picture) - 1)
    house = serve()
    with begun(house, b"x" * 1000, length=2000):
        wait_until(lambda: arrivals() == [1000])
        assert house.post("/api/image", picture, headers=PNG)[0] == 503, "of one address"
        assert house.ask("POST", "/api/image", picture, PNG, source="127.0.0.2")[0] == 200
        monkeypatch.setattr(reception, "HELD", 1000 + len(picture) - 1)
        assert house.ask("POST", "/api/image", picture, PNG, source="127.0.0.2")[0] == 503, "of all"
        assert arrivals() == [1000]


def test_the_sample_is_a_picture(serve):
    pytest.importorskip("matplotlib", reason="the demo's portrait comes with it")
    house = serve()
    status, headers, body = house.ask("GET", "/sample.jpg")
    assert (status, headers["Content-Type"], body[:2]) == (200, "image/jpeg", b"\xff\xd8")

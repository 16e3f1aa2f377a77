"""Pictures on their way to POST /api/image: how long they may take, how many, and how much memory."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from edge.web import reception, uploads
from tests.waiting import until

PNG = {"Content-Type": "image/png"}


def begun(house, data=b"x", length=9):
    """A connection that has sent the beginning of a picture."""
    connection = socket.create_connection(("127.0.0.1", house.port), 60)
    head = f"POST /api/image HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + data)
    return connection


@pytest.fixture
def arrivals(monkeypatch):
    """arrivals(), arrivals("waits"): an attribute of each picture that is on its way, the oldest first."""
    made = []

    class Watched(reception.Reception):
        def __init__(self):
            super().__init__()
            made.append(self)

    monkeypatch.setattr(uploads, "Reception", Watched)
    return lambda name="held": [getattr(arrival, name) for each in made for arrival in list(each._arrivals)]


@pytest.mark.parametrize("limit", ["STILL_S", "RECEIVE_S"])
def test_a_picture_that_never_arrives_is_not_waited_for(serve, monkeypatch, limit):
    monkeypatch.setattr(reception, limit, 0.2)
    with begun(serve()) as slow:
        assert b" 408 " in slow.recv(1000)


def test_a_picture_that_drips_has_its_time_as_a_whole(serve, monkeypatch):
    monkeypatch.setattr(reception, "RECEIVE_S", 0.5)
    with begun(serve(), length=10_000) as slow:
        slow.settimeout(0.01)

        def answer():
            try:
                return slow.recv(1000)
            except TimeoutError:
                with contextlib.suppress(ConnectionError):  # the answer has come in this moment
                    slow.sendall(b"x")
                return b""

        assert b" 408 " in until(answer, "still waited for")


def test_pictures_that_do_not_arrive_keep_no_other_client_out(serve, png, arrivals):
    house = serve()
    stalled = [begun(house, b"abc") for _ in range(reception.AT_ONCE)]
    until(lambda: arrivals() == [3] * reception.AT_ONCE)
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
        until(lambda n=n: arrivals() == [3] * (n + 1))
    assert house.post("/api/image", png((32, 32, True, False)), headers=PNG)[0] == 200
    assert b" 408 " in stalled[0].recv(1000)
    until(lambda: arrivals() == [3] * (reception.AT_ONCE - 1))
    for each in stalled:
        each.close()


def test_large_pictures_of_one_address_at_a_time_all_arrive(serve):
    house, statuses, body = serve(), [], b"x" * 15_000_000

    def send():
        statuses.append(house.post("/api/image", body, headers=PNG)[0])

    threads = [threading.Thread(target=send) for _ in range(reception.AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [415] * reception.AT_ONCE


def test_pictures_of_one_address_wait_for_its_oldest(serve, arrivals, monkeypatch):
    monkeypatch.setattr(reception, "BESIDE", reception.PIECE)
    house = serve()
    with begun(house, b"x" * 1000, length=2000) as first, begun(house, b"y" * 200_000, length=200_000) as second:
        until(lambda: arrivals("waits") == [False, True])
        assert 0 < arrivals()[1] <= reception.PIECE
        assert arrivals("limit")[1].when() is None, "waiting takes none of its time"
        first.sendall(b"x" * 1000)
        assert b" 415 " in first.recv(1000)
        assert b" 415 " in second.recv(1000)


def test_a_picture_that_waits_for_another_has_not_stalled(serve, png, arrivals, monkeypatch):
    monkeypatch.setattr(reception, "BESIDE", reception.PIECE)
    monkeypatch.setattr(reception, "AT_ONCE", 2)
    monkeypatch.setattr(reception, "REPLACED_S", 0.0)
    house = serve()
    with begun(house, b"x" * 1000, length=2000) as first, begun(house, b"y" * 200_000, length=200_000) as second:
        until(lambda: arrivals("waits") == [False, True])
        first.sendall(b"x")
        until(lambda: arrivals()[0] == 1001)
        assert house.post("/api/image", png((32, 32, True, False)), headers=PNG)[0] == 200
        assert b" 408 " in first.recv(1000)
        assert b" 415 " in second.recv(1000)


def test_what_is_on_its_way_takes_so_much_memory_at_most(serve, png, arrivals, monkeypatch):
    one_address = reception.MAX_BYTES + reception.BESIDE + (reception.AT_ONCE - 2) * reception.PIECE
    assert reception.HELD - one_address >= reception.MAX_BYTES, "no room for another address"
    picture = png((32, 32, True, False))
    house = serve()
    with begun(house, b"x" * 1000, length=2000):
        until(lambda: arrivals() == [1000])
        assert house.ask("POST", "/api/image", picture, PNG, source="127.0.0.2")[0] == 200
        monkeypatch.setattr(reception, "HELD", 1000 + len(picture) - 1)
        assert house.ask("POST", "/api/image", picture, PNG, source="127.0.0.2")[0] == 503
        assert arrivals() == [1000]

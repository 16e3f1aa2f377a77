from __future__ import annotations

import gzip
import io
import random
import tracemalloc
import zlib
from email.message import Message

import pytest

from edge.cameras.compressed import CHUNK, Unpacked, unpacked
from edge.errors import SourceError
from edge.testing import FakeClock

NOISE = random.Random(1).randbytes(20_000)


class Response(io.BytesIO):
    """A response with this body and encoding; read1 gives so many bytes at most."""

    def __init__(self, body, coding="gzip", step=CHUNK):
        super().__init__(body)
        self.headers, self.step = Message(), step
        if coding:
            self.headers["Content-Encoding"] = coding

    def read1(self, most=-1):
        return super().read1(min(most, self.step))


def whole(response, most=CHUNK):
    data = b""
    while part := response.read1(most):
        assert len(part) <= most
        data += part
    return data


@pytest.mark.parametrize("coding", ["", "identity", " Identity "])
def test_what_is_not_compressed_stays_as_it_is(coding):
    response = Response(b"", coding)
    assert unpacked(response, 2.0) is response


@pytest.mark.parametrize("step", [1, 1000, CHUNK])
@pytest.mark.parametrize("body", [b"", b"a", NOISE, bytes(30_000)], ids=["nothing", "a byte", "noise", "zeros"])
@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("X-GZip", gzip.compress), ("deflate", zlib.compress)]
)
def test_what_was_compressed_comes_back(coding, pack, body, step):
    response = unpacked(Response(pack(body), coding, step), 60.0)
    assert whole(response, 4096) == body
    assert response.read1(1) == b""


def test_a_way_to_compress_that_is_not_known_is_named():
    response = Response(b"", "br\x1b")
    with pytest.raises(SourceError, match=r"sends compressed pictures \('br\\x1b'\)"):
        unpacked(response, 2.0)
    assert response.closed


@pytest.mark.parametrize("body", [b"\x1f\x8b no", b"plain", gzip.compress(NOISE)[:-8] + bytes(8)])
def test_damage_is_an_error(body):
    with pytest.raises(SourceError, match="the camera's compressed answer is damaged"):
        whole(unpacked(Response(body), 2.0))


def test_an_answer_that_breaks_off_is_read_as_far_as_it_goes():
    assert NOISE.startswith(whole(unpacked(Response(gzip.compress(NOISE)[:15_000]), 2.0)))


def test_a_bomb_takes_no_more_memory_than_what_is_read_of_it():
    inner = zlib.compressobj(9)
    bomb = b"".join(inner.compress(bytes(10_000_000)) for _ in range(20)) + inner.flush()
    response = unpacked(Response(bomb, "deflate"), 60.0)
    tracemalloc.start()
    try:
        for _ in range(50):
            assert response.read1(CHUNK) == bytes(CHUNK)
        assert tracemalloc.get_traced_memory()[1] < 10 * CHUNK
    finally:
        tracemalloc.stop()


def test_much_that_unpacks_to_nothing_is_a_time_out():
    clock = FakeClock()
    empty = zlib.compressobj()
    blocks = b"".join(empty.compress(b"") + empty.flush(zlib.Z_FULL_FLUSH) for _ in range(1000))

    class Slow(Response):
        def read1(self, most=-1):
            clock.advance(0.1)
            return super().read1(most)

    with pytest.raises(TimeoutError):
        Unpacked(Slow(blocks, step=5), 2.0, clock.monotonic).read1(100)

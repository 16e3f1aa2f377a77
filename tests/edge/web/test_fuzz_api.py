"""Whatever is sent to the interface, its answer is one that openapi.json describes, and never "internal error".

schemathesis makes requests of the document: such as fit it, and such as do not.
"""

from __future__ import annotations

import json
import socket
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.edge.web.test_streams import Viewer
from tests.fuzz import examples

DOCUMENT = json.loads((resources.files("edge.web") / "openapi.json").read_text(encoding="utf-8"))
STREAMS = {"/api/events", "/api/live"}  # answers without an end
CALLS = [(m.upper(), path) for path, methods in DOCUMENT["paths"].items() for m in methods if path not in STREAMS]
EXAMPLES = examples(20, 1000)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD", "TRACE"])
NAMES = st.from_regex(r"[A-Za-z][A-Za-z-]{0,20}", fullmatch=True)
KNOWN = ["Host", "Origin", "Referer", "Cookie", "Authorization", "Range", "Expect", "Content-Type", "Transfer-Encoding"]
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


@pytest.fixture(scope="module")
def schema():
    """The document as schemathesis reads it; importing that takes a second, which other tests need not wait."""
    schemathesis = pytest.importorskip("schemathesis", reason="pip install 'edge-emotion[test]'")
    return schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "journal.jsonl"
    path.touch()
    return path


@pytest.fixture
def house(serve, journal, monkeypatch):
    from edge.web.history import History

    async def read(self, journal, *what):  # not a new process for each
        import datetime

        from edge.web.figures import made
        from edge.web.guard import Refused

        try:
            return json.dumps(made(journal, *what, datetime.datetime(2026, 5, 4))).encode()
        except ValueError as error:
            raise Refused(400, str(error)) from None

    monkeypatch.setattr(History, "_read", read)
    made_house = serve(journal=journal)
    made_house.show()
    return made_house


def checks():
    """Those of schemathesis that hold for an interface of our kind."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks as openapi

    return [
        not_a_server_error,
        openapi.status_code_conformance,
        openapi.content_type_conformance,
        openapi.response_schema_conformance,
    ]


def wrong_too(method, path):
    """Whether there is anything in a request that could be wrong."""
    operation = DOCUMENT["paths"][path][method.lower()]
    return bool(operation.get("parameters") or operation.get("requestBody"))


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        pytest.param(method, path, mode, id=f"{method} {path} {mode}")
        for method, path in CALLS
        for mode in ("positive", "negative")
        if mode == "positive" or wrong_too(method, path)
    ],
)
def test_every_answer_is_one_that_the_document_describes(house, schema, method, path, mode):
    from schemathesis import GenerationMode

    cases = schema[path][method].as_strategy(generation_mode=GenerationMode(mode))

    @EXAMPLES
    @given(cases)
    def ask(case):
        case.call_and_validate(base_url=house.address.rstrip("/"), checks=checks())

    ask()


@pytest.mark.parametrize("path", sorted(STREAMS))
def test_a_stream_begins_as_the_document_says(house, path):
    viewer = Viewer(house, path)
    status, headers = viewer.head()
    viewer.close()
    described = DOCUMENT["paths"][path]["get"]["responses"][str(status)]["content"]
    assert headers["Content-Type"].partition(";")[0] in described


def test_no_method_path_or_header_makes_an_internal_error(house):
    paths = st.one_of(TEXT, st.sampled_from([*sorted(DOCUMENT["paths"].keys() - STREAMS), "", "style.css", "live"]))
    headers = st.dictionaries(NAMES | st.sampled_from(KNOWN), TEXT, max_size=4)

    @EXAMPLES
    @given(METHODS, paths, headers, st.binary(max_size=200))
    def ask(method, path, headers, body):
        if path.lstrip("/") in ("live", "api/live", "api/events"):
            method = "POST"
        sent = {"Content-Length": str(len(body))} | headers
        status, _, answer = house.ask(method, f"/{path.lstrip('/')}", headers=sent, raw=body)
        assert status < 500 or status == 503, answer

    ask()


def test_no_bytes_end_the_server(house):
    @EXAMPLES
    @given(
        st.binary(max_size=300),
        st.sampled_from([b"", b"GET / HTTP/1.1\r\n", b"POST /api/image HTTP/1.1\r\nHost: a\r\n"]),
    )
    def send(data, begin):
        with socket.create_connection(("127.0.0.1", house.port), 60) as stranger:
            try:
                stranger.sendall(begin + data)
                stranger.shutdown(socket.SHUT_WR)
                while stranger.recv(65536):
                    pass
            except TimeoutError:
                raise
            except OSError:
                pass  # refused, and the connection gone, before all of it was sent
        assert house.get("/api/status")[0] == 200

    send()

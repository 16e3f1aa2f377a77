"""openapi.json says what the server does: every route, every status, every answer."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from edge.web.app import create_app

jsonschema = pytest.importorskip("jsonschema", reason="pip install 'edge-emotion[test]'")

DOCUMENT = json.loads((resources.files("edge.web") / "openapi.json").read_text())


def test_it_is_served(serve):
    assert serve().get("/openapi.json") == (200, DOCUMENT)


def test_it_has_every_route_of_the_server_and_no_other(serve):
    import asyncio

    async def routes():
        app = create_app(serve().site)
        return {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}

    served = {(m, p) for m, p in asyncio.run(routes()) if p.startswith("/api/") and m != "HEAD"}
    assert served == {(m.upper(), path) for path, methods in DOCUMENT["paths"].items() for m in methods}


def valid(path, method, status, told):
    schema = DOCUMENT["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
    jsonschema.validate(told, {**schema, "components": DOCUMENT["components"]}, jsonschema.Draft202012Validator)


def test_answers_are_as_it_says(serve, png, paint, tmp_path):
    journal = tmp_path / "journal.jsonl"
    journal.touch()
    house = serve(journal=journal)
    for state in (None, "paused"):
        house.show(state=state or "")
        for path in ("/api/status", "/api/faces"):
            valid(path, "get", *house.get(path))
    valid("/api/history", "get", *house.get("/api/history"))
    valid("/api/history", "get", *house.get("/api/history?days=0"))
    valid("/api/history/day", "get", *house.get("/api/history/day?day=2026-05-04"))
    png_kind = {"Content-Type": "image/png"}
    for picture in (png(), png((32, 32, True, False), (96, 32, False, True)), b"", b"words"):
        valid("/api/image", "post", *house.post("/api/image", picture, headers=png_kind))
    valid("/api/pause", "post", *house.post("/api/pause"))
    valid("/api/resume", "post", *house.post("/api/resume"))
    valid("/api/login", "post", *house.post("/api/login", b'{"token": ""}'))
    valid("/api/login", "post", *house.post("/api/login", b"{}"))
    valid("/api/status", "get", *house.get("/api/status", host="evil.example"))
    bare = serve(loop=False, live=False)
    valid("/api/status", "get", *bare.get("/api/status"))
    valid("/api/pause", "post", *bare.post("/api/pause"))
    valid("/api/live", "get", *bare.get("/api/live"))
    valid("/api/history", "get", *bare.get("/api/history"))

"""The application: routes, errors as JSON {"error": one line}, and what every answer has in common."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from aiohttp import web

import edge
from edge.errors import EdgeError, NotAPicture, PictureError, PictureTooLarge, one_line
from edge.pipeline.pipeline import EmotionPipeline
from edge.ports import MetricsPage
from edge.web.connection import HEADERS
from edge.web.feed import Feed, faces
from edge.web.guard import METRICS, Guard, Handler, Refused
from edge.web.history import History
from edge.web.hub import Hub, Snapshot
from edge.web.sample import sample
from edge.web.streams import Streams
from edge.web.uploads import Uploads

_log = logging.getLogger(__name__)

PAGE = resources.files("edge.web") / "page"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
LOGIN_BYTES, LOGIN_S = 4096, 10.0
STANDBY = "nobody is watching; the camera turns on when somebody opens the page"
NICE = 10  # what is done for viewers yields to the loop


class Pause(Protocol):
    """What pauses the loop; edge.daemon.control.Control."""

    @property
    def asked(self) -> bool:
        """Whether somebody asked for a pause."""

    def pause(self) -> None:
        """Ask for a pause."""

    def resume(self) -> None:
        """End it."""


@dataclass(frozen=True)
class Site:
    """What the page is about.

    Attributes:
        hub: where the loop shows.
        guard: who may ask.
        open_pipeline: opens models for uploaded pictures.
        journal: for the history; None: there is none.
        control: pauses the loop; None: there is no loop.
        live: whether the picture may be shown.
        metrics: what Prometheus reads at /metrics; None: nothing.
        style: how the page marks faces: "box", or "circle" with the emotion's name alone.
        write_s: seconds after which a viewer that takes nothing is dropped.
    """

    hub: Hub
    guard: Guard
    open_pipeline: Callable[[], EmotionPipeline]
    journal: Path | None = None
    control: Pause | None = None
    live: bool = False
    metrics: MetricsPage | None = None
    style: str = "box"
    write_s: float = field(default=10.0)


def create_app(site: Site) -> web.Application:
    """The application; call it in the server's event loop."""
    pictures = ThreadPoolExecutor(1, "web pictures", _yield_to_the_loop)
    jpegs = ThreadPoolExecutor(1, "web jpeg", _yield_to_the_loop)
    scrapes = ThreadPoolExecutor(1, "web metrics", _yield_to_the_loop)  # starts with the first scrape
    feed = Feed(site.hub, jpegs, lambda snapshot: _about(site, snapshot))
    uploads, streams = Uploads(site.open_pipeline, pictures), Streams(site.hub, feed, site.live, site.write_s)
    history = History(site.journal)
    app = web.Application(middlewares=[_answer(site.guard)], client_max_size=LOGIN_BYTES)
    app[HEADERS] = dict(site.guard.headers())
    app.on_response_prepare.append(_with_headers(site.guard))

    async def status(request: web.Request) -> web.Response:
        return _json(feed.now().told)

    async def seen(request: web.Request) -> web.Response:
        return _json(faces(site.hub.snapshot()))

    async def pause(request: web.Request) -> web.Response:
        return await _set_pause(site, request.path.endswith("/pause"))

    async def log_in(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(LOGIN_S):
                offered = json.loads(await request.read())["token"]
        except TimeoutError:
            raise Refused(408, "the token did not arrive in time") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Refused(400, 'expected JSON: {"token": "..."}') from None
        if not isinstance(offered, str) or not site.guard.may_log_in(request, offered):
            raise Refused(401, "wrong token")
        response = _json({"ok": True})
        site.guard.log_in(response, request)
        return response

    async def sample_picture(request: web.Request) -> web.Response:
        jpeg = await asyncio.get_running_loop().run_in_executor(pictures, sample)
        return web.Response(body=jpeg, content_type="image/jpeg")

    async def metrics(request: web.Request) -> web.Response:
        assert site.metrics is not None
        text = await asyncio.get_running_loop().run_in_executor(scrapes, site.metrics.page)
        return web.Response(body=text, headers={"Content-Type": site.metrics.content_type})

    async def openapi(request: web.Request) -> web.Response:
        text = (resources.files("edge.web") / "openapi.json").read_text(encoding="utf-8")
        return web.Response(text=text, content_type="application/json")

    async def close(_: web.Application) -> None:
        feed.close()
        uploads.close()
        history.close()
        pictures.shutdown(wait=False, cancel_futures=False)
        jpegs.shutdown(wait=False, cancel_futures=True)
        scrapes.shutdown(wait=False, cancel_futures=True)

    app.on_cleanup.append(close)
    app.router.add_get("/", _file("index.html"))
    for entry in PAGE.iterdir():
        app.router.add_get(f"/{entry.name}", _file(entry.name))
    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/sample.jpg", sample_picture)
    if site.metrics is not None:
        app.router.add_get(METRICS, metrics)
    app.router.add_get("/api/status", status)
    app.router.add_get("/api/faces", seen)
    app.router.add_get("/api/events", streams.events, allow_head=False)
    app.router.add_get("/api/live", streams.live, allow_head=False)
    app.router.add_get("/live", streams.live, allow_head=False)  # its address before version 0.3
    app.router.add_get("/api/history", history.overview)
    app.router.add_get("/api/history/day", history.day)
    app.router.add_post("/api/image", uploads.image)
    app.router.add_post("/api/pause", pause)
    app.router.add_post("/api/resume", pause)
    app.router.add_post("/api/login", log_in)
    return app


def _about(site: Site, snapshot: Snapshot) -> dict[str, Any]:
    """What the state says besides what was seen."""
    asked = site.control is not None and site.control.asked
    more: dict[str, Any] = {
        "paused": asked,
        "live": site.live and site.control is not None,
        "history": site.journal is not None,
        "version": edge.__version__,
        "style": site.style,
    }
    if site.control is None:
        return more | {
            "status": "off",
            "reason": "no camera is being watched; start with: edge-emotion web --source SOURCE",
        }
    if snapshot.frame is None and snapshot.state == "paused" and not asked:
        # The loop paused by itself, as nobody watches (edge.web.part.WatchedControl), or is about to go on.
        return more | ({"status": "starting"} if site.hub.watched else {"status": "standby", "reason": STANDBY})
    return more


async def _set_pause(site: Site, wanted: bool) -> web.Response:
    if site.control is None:
        raise Refused(409, "no camera is being watched")
    change = site.control.pause if wanted else site.control.resume
    await asyncio.get_running_loop().run_in_executor(None, change)
    return _json({"paused": site.control.asked})


def _answer(guard: Guard) -> Any:
    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        """The handler's answer, or what is wrong as JSON."""
        try:
            guard.check(request)
            return await handler(request)
        except Refused as refused:
            if refused.status == 401 and request.path == "/":
                return web.Response(
                    text=(PAGE / "login.html").read_text(encoding="utf-8"), content_type="text/html", status=401
                )
            return _json({"error": str(refused)}, refused.status)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return _json({"error": f"{error.reason}: {request.method} {request.path[:100]}"}, error.status)
        except EdgeError as error:
            codes: dict[type[EdgeError], int] = {NotAPicture: 415, PictureTooLarge: 413, PictureError: 422}
            status = next((code for kind, code in codes.items() if isinstance(error, kind)), 503)
            return _json({"error": one_line(error)}, status)
        except asyncio.CancelledError:
            raise
        except ConnectionError:
            return web.Response(status=400)  # to nobody
        except (aiohttp.http.HttpProcessingError, web.RequestPayloadError):
            return _json({"error": "malformed request"}, 400)
        except Exception as error:
            _log.exception("%s %s", request.method, request.path[:100])
            return _json({"error": f"internal error ({type(error).__name__}); the log says more"}, 500)

    return answer


def _with_headers(guard: Guard) -> Any:
    async def with_headers(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(guard.headers())

    return with_headers


def _file(name: str) -> Handler:
    """Answers with a file of the page."""
    entry = PAGE / name
    kind = TYPES.get(Path(name).suffix, "application/octet-stream")

    async def file(_: web.Request) -> web.Response:
        return web.Response(body=entry.read_bytes(), content_type=kind, charset="utf-8")

    return file


def _json(told: Any, status: int = 200) -> web.Response:
    return web.json_response(told, status=status)


def _yield_to_the_loop() -> None:
    """Lower this thread's priority, where that is allowed."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)

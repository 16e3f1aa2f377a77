"""The Flask application: a page, POST /api/image, and the live view. All errors are JSON {"error": one line}."""

from __future__ import annotations

import io
import itertools
import logging
import secrets
import threading
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from edge import picture, records
from edge.errors import EdgeError, MissingExtra, NotAPicture, PictureError, PictureTooLarge
from edge.pipeline.pipeline import EmotionPipeline
from edge.web.live import LiveView

if TYPE_CHECKING:
    from flask import Flask

_log = logging.getLogger(__name__)

MAX_BYTES = 16_000_000
# Decoded, 40 megapixels take 120 MB: what a Pi can spare, and more than phones send by default.
MAX_MEGAPIXELS = 40.0
KINDS = ("JPEG", "PNG", "WebP")  # what browsers show
BOUNDARY = "frame"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def create_app(pipeline: EmotionPipeline, live: LiveView | None = None, hosts: tuple[str, ...] = ()) -> Flask:
    """The application.

    Args:
        pipeline: for uploaded pictures; one at a time.
        live: the live view, if there is one.
        hosts: names under which it may be asked for, or empty for any. A page of another site that has its own name
            point here (DNS rebinding) is refused.

    Raises:
        MissingExtra: Flask is not installed.
    """
    try:
        import flask
        from werkzeug.exceptions import HTTPException
    except ImportError:
        raise MissingExtra("Flask is not installed; install it: pip install 'edge-emotion[web]'") from None

    class Request(flask.Request):
        """Uploads stay in memory: by default larger ones are put into a file."""

        def _get_file_stream(self, *args: Any, **kwargs: Any) -> IO[bytes]:
            return io.BytesIO()

    app = flask.Flask(__name__, static_folder=None, template_folder=".")
    app.request_class = Request
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    one_at_a_time = threading.Lock()

    @app.before_request
    def known_host() -> Any:
        if hosts and urlsplit(f"//{flask.request.host}").hostname not in hosts:
            return {"error": f"not served under the name {flask.request.host}"}, 403
        return None

    @app.get("/")
    def page() -> Any:
        nonce = secrets.token_urlsafe(16)
        response = flask.make_response(
            flask.render_template("page.html", nonce=nonce, live=live is not None, megabytes=MAX_BYTES // 1_000_000)
        )
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' blob: data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return response

    @app.post("/api/image")
    def image() -> Any:
        file = flask.request.files.get("image")
        if file is None:
            return {"error": "expected a multipart form with a field named image"}, 400
        name = file.filename or "image"
        data = file.read()
        pixels = picture.decode(data, name, MAX_MEGAPIXELS, KINDS)
        with one_at_a_time:
            tracks = pipeline.detect(pixels)
        return records.picture_record(name, pixels, tracks)

    @app.get("/live")
    def live_view() -> Any:
        if live is None:
            return {"error": "no live view; start with: edge-emotion web --source S"}, 404
        jpegs = live.watch()
        first = next(jpegs)  # what is wrong with the camera is an answer of its own, not the end of a stream
        kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        return flask.Response(_parts(itertools.chain([first], jpegs), jpegs), mimetype=kind)

    @app.after_request
    def not_kept(response: flask.Response) -> flask.Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @app.errorhandler(HTTPException)
    def refused(error: Any) -> Any:
        if error.code == 413:
            return {"error": f"the upload is too large; expected at most {MAX_BYTES // 1_000_000} MB"}, 413
        return {"error": f"{error.name}: {flask.request.method} {flask.request.path}"}, error.code

    @app.errorhandler(EdgeError)
    def failed(error: EdgeError) -> Any:
        codes: dict[type[EdgeError], int] = {NotAPicture: 415, PictureTooLarge: 413, PictureError: 422}
        return {"error": str(error)}, next((code for kind, code in codes.items() if isinstance(error, kind)), 503)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Any:
        _log.exception("%s %s", flask.request.method, flask.request.path)
        return {"error": f"internal error ({type(error).__name__}); see the log of edge-emotion web"}, 500

    return app


def _parts(jpegs: Iterator[bytes], source: Iterator[bytes]) -> Iterator[bytes]:
    """The parts of a multipart stream; where the source fails the stream ends."""
    try:
        for jpeg in jpegs:
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            yield head.encode() + jpeg + b"\r\n"
    except EdgeError as error:
        _log.warning("%s", error)
    finally:
        source.close()  # type: ignore[attr-defined]

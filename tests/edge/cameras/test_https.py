"""Cameras that speak HTTPS with a certificate of their own making."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from edge.cameras.opencv import open_stream
from edge.errors import SourceError
from edge.settings import SourceSettings
from tests.conftest import absent

PICTURE = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()


class Handler(BaseHTTPRequestHandler):
    """A snapshot for whoever knows the password."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        known = self.headers.get("Authorization") == "Basic bWU6c2VjcmV0"
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("WWW-Authenticate", 'Basic realm="camera"')
        self.end_headers()
        self.wfile.write(PICTURE if known else b"")


@contextmanager
def serving(context=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}/shot.jpg"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Of nobody's authority, and weak, as old cameras have them: the files of certificate and key."""
    if not shutil.which("openssl"):
        absent("no openssl here")
    folder = tmp_path_factory.mktemp("camera")
    made = [folder / "cert.pem", folder / "key.pem"]
    words = ["-newkey", "rsa:1024", "-nodes", "-subj", "/CN=camera", "-out", made[0], "-keyout", made[1]]
    subprocess.run(["openssl", "req", "-x509", *map(str, words)], check=True, capture_output=True)
    return made


@pytest.mark.filterwarnings("ignore:ssl.OP_NO")
@pytest.mark.parametrize("oldest", [False, True])
def test_a_snapshot_camera_with_its_own_certificate_goes_on_after_its_first_picture(certificate, oldest):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    if oldest:
        if not (ssl.HAS_TLSv1 or ssl.HAS_TLSv1_1):
            pytest.skip("this OpenSSL has no TLS older than 1.2")
        context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    context.load_cert_chain(*certificate)
    with serving(context) as address:
        grabber = open_stream(SourceSettings(source=f"https://me:secret@{address}", timeout_s=60.0))
        assert [round(grabber.read().mean()) for _ in range(3)] == pytest.approx([90, 90, 90], abs=2)
        grabber.close()
        with pytest.raises(SourceError, match=r"the camera rejects the user name or password \(HTTP 401\)$"):
            open_stream(SourceSettings(source=f"https://me:wrong@{address}", timeout_s=60.0))


def test_a_camera_that_does_not_encrypt_is_named_as_that():
    with serving() as address, pytest.raises(SourceError) as caught:
        open_stream(SourceSettings(source=f"https://me:secret@{address}", timeout_s=60.0))
    assert str(caught.value).startswith("https://127.0.0.1: no encrypted connection to the camera (")
    assert str(caught.value).endswith("); try http:// in place of https://")

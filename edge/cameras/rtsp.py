"""Why an RTSP camera cannot be opened: FFmpeg says so only in its log, so the camera is asked once more (RFC 2326)."""

from __future__ import annotations

import re
import socket
import time
from urllib.parse import unquote, urlsplit

from edge.cameras.login import ASKED, Challenge, authorization, challenges, on_the_wire
from edge.cameras.resolve import RTSP_PORTS, SPECIAL
from edge.errors import SourceError

GENERAL = "the stream cannot be opened; check the address, its user and its password"
MAX_BYTES = 65_536  # of an answer
REASONS = {
    401: "the camera rejects the user name or password (RTSP 401)",
    403: "the camera does not allow this user (RTSP 403)",
    404: "the camera has no such stream (RTSP 404); check the path in the address",
    453: "the camera has too many viewers (RTSP 453)",
    461: 'the camera does not send over TCP (RTSP 461); set [source] rtsp_transport = "udp"',
}
CODECS = {"H265": "H.265 (HEVC)", "AV1": "AV1"}


def diagnose(address: str, timeout_s: float) -> str:
    """What is wrong with the stream at an RTSP address, in words that fit an error message; no part of the address.

    Args:
        address: with its user and password.
        timeout_s: to connect, and for each answer.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or RTSP_PORTS["rtsp"]
    except ValueError:
        return f"this is not a valid address; {SPECIAL}"
    if parts.scheme.lower() != "rtsp" or not host:
        return GENERAL
    try:
        with socket.create_connection((host, port), timeout_s) as connection:
            connection.settimeout(timeout_s)
            return Conversation(connection, address, timeout_s).findings()
    except socket.gaierror:
        return "the host name is unknown"
    except ConnectionRefusedError:
        return f"nothing is listening on port {port} of this host"
    except TimeoutError:
        return f"the host did not answer within {timeout_s:g} s"
    except SourceError as error:
        return str(error)
    except (OSError, ValueError):
        return GENERAL


class Conversation:
    """DESCRIBE and SETUP over an open connection, as a player begins.

    Args:
        connection: to the camera, with a time-out.
        address: with its user and password.
        timeout_s: for each answer.
    """

    def __init__(self, connection: socket.socket, address: str, timeout_s: float) -> None:
        self._timeout_s, self._deadline = timeout_s, 0.0
        parts = urlsplit(address)
        self._connection = connection
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._url = on_the_wire(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
        self._sequence = 0
        self._offered: list[Challenge] = []

    def findings(self) -> str:
        """What is wrong, or GENERAL where the camera did all that was asked of it."""
        status, head, body = self._ask("DESCRIBE", self._url, "Accept: application/sdp")
        if status == 401 and self._user:
            self._offered = challenges(re.findall(r"(?im)^www-authenticate:\s*(.+?)\s*$", head))
            status, head, body = self._ask("DESCRIBE", self._url, "Accept: application/sdp")
        if status == 401 and not self._user:
            return f"{ASKED} (RTSP 401)"
        if status != 200:
            return REASONS.get(status, f"the camera answered with an error (RTSP {status})")
        video = body.partition("m=video")[2].partition("\nm=")[0]
        if not video:
            return "the stream has no video"
        control = re.search(r"(?m)^a=control:(\S+)", video)
        track = control[1] if control else ""
        base = re.search(r"(?im)^content-base:\s*(\S+)", head)
        url = track if "://" in track else (base[1] if base else self._url).rstrip("/") + "/" + track
        status, _, _ = self._ask("SETUP", url, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        if status != 200:
            return REASONS.get(status, f"the camera answered with an error (RTSP {status})")
        digests = [each for each in self._offered if each.scheme == "digest"]
        if digests and digests[-1].algorithm != "MD5":  # FFmpeg takes the last one, and knows MD5 alone
            asked = f"the camera asks for a login by {digests[-1]}, which is not supported over RTSP"
            return f"{asked}; set the camera to MD5 only"
        codec = re.search(r"(?m)^a=rtpmap:\d+ ([A-Za-z0-9]+)", video)
        name = codec[1].upper() if codec else ""
        if name in CODECS:
            return f"the stream is {CODECS[name]}, which could not be decoded; set the camera to H.264"
        return GENERAL

    def _ask(self, method: str, url: str, header: str) -> tuple[int, str, str]:
        """A request's status, the answer's head and its body."""
        self._sequence += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._sequence}", "User-Agent: edge-emotion", header]
        if self._offered:
            lines.append(f"Authorization: {authorization(self._offered, method, url, self._user, self._password)}")
        self._connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        self._deadline = time.monotonic() + self._timeout_s
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more(data)
        head, _, rest = data.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        status = re.match(r"RTSP/\d\.\d (\d{3})", text)
        if not status:
            raise ValueError("not RTSP")
        length = re.search(r"(?im)^content-length:\s*(\d{1,6})\s*$", text)
        while len(rest) < min(int(length[1]) if length else 0, MAX_BYTES):
            rest += self._more(rest)
        return int(status[1]), text, rest.decode("latin-1").replace("\r\n", "\n")

    def _more(self, data: bytes) -> bytes:
        if time.monotonic() > self._deadline:
            raise TimeoutError
        found = self._connection.recv(4096)
        if not found or len(data) > MAX_BYTES:
            raise ValueError("no end of the answer")
        return found

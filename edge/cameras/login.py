"""Logging in to a network camera over HTTP or RTSP: Basic (RFC 7617), and Digest with MD5 or SHA-256 (RFC 7616).

urllib's own handlers know no SHA-256, and no user name that is not ASCII, and look at one challenge of several.

Headers are strings with one character for each byte (Latin-1), as http.client takes and gives them: a camera gets its
realm back byte for byte, in whatever encoding it is, and user names are sent in UTF-8.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge.errors import SourceError

ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256"}  # as cameras and as hashlib call them
ASKED = (
    "the camera asks for a user name and password; write USER:PASSWORD@ before its host, or set [source] user and "
    "password_file"
)
_TOKEN = re.compile(r'([\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?')


@dataclass
class Challenge:
    """One way to log in that a camera offers.

    Attributes:
        scheme: in small letters, such as "digest".
        fields: by name in small letters.
    """

    scheme: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        """Of a digest, in capitals and without "-SESS"."""
        return self.fields.get("algorithm", "MD5").upper().removesuffix("-SESS")

    @property
    def rank(self) -> int:
        """The strongest way has the highest; 0: it is not known."""
        if self.scheme == "digest":
            return 2 + list(ALGORITHMS).index(self.algorithm) if self.algorithm in ALGORITHMS else 0
        return int(self.scheme == "basic")

    def __str__(self) -> str:
        algorithm = self.fields.get("algorithm", "") if self.scheme == "digest" else ""
        return f"{self.scheme.capitalize()} with {algorithm}" if algorithm else self.scheme.capitalize()


def challenges(headers: Iterable[str]) -> list[Challenge]:
    """The challenges of WWW-Authenticate headers; one header may hold several.

    >>> challenges(['Digest realm="a, b", nonce="n", Basic realm=c'])[0].fields
    {'realm': 'a, b', 'nonce': 'n'}
    """
    found: list[Challenge] = []
    for header in headers:
        begun = len(found)
        for name, quoted, plain in ((m[1], m[2], m[3]) for m in _TOKEN.finditer(header)):
            if quoted is None and plain is None:
                found.append(Challenge(name.lower()))
            elif len(found) > begun:
                value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
                found[-1].fields.setdefault(name.lower(), value)
    return found


def on_the_wire(text: str) -> str:
    """The text's UTF-8, with one character for each byte.

    >>> on_the_wire("\u00e9") == "\u00c3\u00a9"
    True
    """
    return text.encode().decode("latin-1")


def authorization(
    offered: Iterable[Challenge], method: str, uri: str, user: str, password: str, cnonce: str = ""
) -> str:
    """The Authorization header that answers the strongest challenge.

    Args:
        offered: by the camera.
        method: of the request.
        uri: of the request, as it stands in its first line; one character for each byte.
        user, password: of the camera, in any letters.
        cnonce: our own random number; empty: a new one.

    Returns:
        The header's value; one character for each byte.

    Raises:
        SourceError: none of the challenges is known; the message names them.
    """
    offered = list(offered)
    best = max(offered, key=lambda each: each.rank, default=Challenge(""))
    if not best.rank:
        kinds = " or ".join(dict.fromkeys(str(each)[:60] for each in offered if each.scheme)) or "an unknown kind"
        raise SourceError(f"the camera asks for a login by {kinds}; set it to Basic, or to Digest with MD5 or SHA-256")
    if best.scheme == "basic":
        return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
    return "Digest " + _digest(best, method, uri, user, password, cnonce or secrets.token_hex(8))


def _digest(asked: Challenge, method: str, uri: str, user: str, password: str, cnonce: str) -> str:
    def hashed(text: str) -> str:
        # MD5 where the camera knows nothing better.
        return hashlib.new(ALGORITHMS[asked.algorithm], text.encode("latin-1"), usedforsecurity=False).hexdigest()

    fields, user, password = asked.fields, on_the_wire(user), on_the_wire(password)
    realm, nonce, algorithm = fields.get("realm", ""), fields.get("nonce", ""), fields.get("algorithm", "")
    kinds = [kind.strip().lower() for kind in fields.get("qop", "").split(",")]
    qop = next((kind for kind in ("auth", "auth-int") if kind in kinds), "")
    session = algorithm.upper().endswith("-SESS")
    who, what = hashed(f"{user}:{realm}:{password}"), f"{method}:{uri}"
    if session:
        who = hashed(f"{who}:{nonce}:{cnonce}")
    if qop == "auth-int":
        what += f":{hashed('')}"  # none of our requests has a body
    middle = f"{nonce}:00000001:{cnonce}:{qop}" if qop else nonce
    told = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
    told["response"] = hashed(f"{who}:{middle}:{hashed(what)}")
    told |= {"opaque": fields["opaque"]} if "opaque" in fields else {}
    told |= {"cnonce": cnonce} if qop or session else {}
    quoted = [f'{name}="{_escaped(value)}"' for name, value in told.items()]
    quoted += [f"algorithm={algorithm}"] if algorithm else []
    quoted += [f"qop={qop}", "nc=00000001"] if qop else []
    return ", ".join(quoted)


def _escaped(value: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", value)

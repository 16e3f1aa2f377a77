"""Who may ask for what: names, origins, the token, rates; and the headers of every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from edge.settings import WebSettings
from edge.web.address import (
    USUAL_PORTS,
    frame_ancestors,
    is_known,
    is_loopback,
    is_origin,
    known_names,
    name_and_port,
    peer_address,
    proxy_address,
)
from edge.web.rates import Rates
from edge.web.token import Token

COOKIE, CSRF_COOKIE, CSRF_HEADER = "edge_emotion", "edge_emotion_csrf", "X-CSRF-Token"
# What a page needs to ask for the token.
OPEN = frozenset({"/style.css", "/login.js", "/api/login"})
METRICS = "/metrics"
SAFE = ("GET", "HEAD")
WEEK_S = 7 * 86400

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """A request that is not answered.

    Args:
        status: of HTTP.
        line: what is wrong and how to fix it.
    """

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


class Guard:
    """Checks requests, before anything else is done for them.

    Args:
        settings: names, proxy, frame.
        token: what every request needs, whatever machine it comes from: this one's may come through a proxy. None:
            nothing, as only this machine can reach the page.
        rates: how often a peer may ask.
        scrape: another token, with which /metrics can be read and nothing else; None: there is none.

    Raises:
        SettingsError: a name, the proxy or the frame is wrong.
    """

    def __init__(
        self, settings: WebSettings, token: Token | None, rates: Rates | None = None, scrape: Token | None = None
    ) -> None:
        self._settings, self.token, self._scrape = settings, token, scrape
        self._rates = rates or Rates.usual()
        self._names = known_names(settings.hosts)
        self._proxy = proxy_address(settings.proxy)
        self._frame = frame_ancestors(settings.frame)

    def check(self, request: web.Request) -> None:
        """Let a request pass.

        Raises:
            Refused: it may not.
        """
        peer = peer_address(request.remote or "")
        if self._proxy is not None and not self._proxied(request) and not is_loopback(peer):
            raise Refused(403, "refused: this page is reached through its proxy only")
        host = self._host(request)
        self._same_site(request, host)
        if not self._rates.requests.allows(peer):
            raise Refused(429, "too many requests; wait a moment")
        if request.path == "/api/image" and not self._rates.uploads.allows(peer):
            raise Refused(429, "too many pictures at once; wait a moment")
        if self.token and request.path not in OPEN:
            self._authorized(request, self.token, host)

    def may_log_in(self, request: web.Request, offered: str) -> bool:
        """Whether this is the token; who guesses is slowed down.

        Raises:
            Refused: too many guesses.
        """
        if not self._rates.logins.allows(request.remote or ""):
            raise Refused(429, "too many attempts; wait a minute")
        return self.token is None or self.token.matches(offered)

    def log_in(self, response: web.StreamResponse, request: web.Request) -> None:
        """Give a browser its session: a cookie that no script can read, and what its page sends with changes."""
        if self.token is None:
            return
        session, path = self.token.session(), self.prefix(request) + "/"
        secure = request.secure or (self._settings.trust_proxy and request.headers.get("X-Forwarded-Proto") == "https")
        cookie, csrf_cookie = cookie_names(self._host(request))
        for name, value, hidden in ((cookie, session, True), (csrf_cookie, self.token.csrf(session), False)):
            response.set_cookie(
                name, value, max_age=WEEK_S, path=path, httponly=hidden, samesite="Strict", secure=bool(secure)
            )

    def prefix(self, request: web.Request) -> str:
        """The path below which a trusted proxy serves the page: "" or "/name"."""
        prefix = request.headers.get("X-Forwarded-Prefix", "") if self._settings.trust_proxy else ""
        plain = prefix.startswith("/") and all(sign.isalnum() or sign in "/-._~" for sign in prefix)
        return prefix.rstrip("/") if plain and "//" not in prefix and prefix.isascii() else ""

    def headers(self) -> Mapping[str, str]:
        """What every answer says to browsers."""
        return {
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src blob:; "
                f"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {self._frame}"
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
            "Cache-Control": "no-store",
            "Server": "edge-emotion",
        } | ({} if self._settings.frame.strip() else {"X-Frame-Options": "DENY"})

    def _proxied(self, request: web.Request) -> bool:
        """Whether it comes from the one proxy that has its users log in."""
        return self._proxy is not None and peer_address(request.remote or "") == str(self._proxy)

    def _host(self, request: web.Request) -> str:
        """The name by which the browser asked; of the proxy that has its users log in, any name will do.

        Raises:
            Refused: it is not one of ours.
        """
        given = request.headers.getall("Host", [])
        if len(given) != 1:
            raise Refused(400, "expected one Host header")
        host = str(given[0])
        proxied = self._proxied(request)
        trusted = proxied or self._settings.trust_proxy
        forwarded = request.headers.get("X-Forwarded-Host") if trusted else None
        if proxied:
            return str(forwarded or host)
        if not is_known(host, self._names) and not forwarded:
            raise Refused(403, f"not served under the name {host[:100]}; add it to [web] hosts")
        if forwarded and not is_known(forwarded, self._names):
            raise Refused(403, f"not served under the name {forwarded[:100]}; add it to [web] hosts")
        return str(forwarded or host)

    def _same_site(self, request: web.Request, host: str) -> None:
        """Refuse what a page of another site makes a browser send. Programs that are not browsers say nothing of it.

        Raises:
            Refused: it came from elsewhere.
        """
        refused = Refused(403, "refused: the request came from another site's page")
        headers = request.headers
        site, mode = headers.get("Sec-Fetch-Site"), headers.get("Sec-Fetch-Mode")
        # A link to the page, or its address typed, may come from anywhere.
        opened = request.path == "/" and request.method in SAFE and mode == "navigate"
        if site is not None and site not in ("same-origin", "none") and not opened:
            raise refused
        origin = headers.get("Origin")
        if origin is not None and not is_origin(origin, host):
            if origin == "null" or site == "none":
                raise refused
            # A proxy may have changed the name. Scripts of the page, which hold no secret, still run to say so.
            if not (request.method in SAFE and request.path.endswith(".js")):
                raise Refused(403, _elsewhere(origin, host))
        # Browsers of before 2023 say neither, but name the page.
        referrer = headers.get("Referer")
        if site is None and origin is None and referrer and not opened and not is_origin(referrer, host):
            raise refused

    def _authorized(self, request: web.Request, token: Token, host: str) -> None:
        kind, _, offered = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            scrapes = self._scrape is not None and request.path == METRICS and self._scrape.matches(offered.strip())
            right = token.matches(offered.strip()) or scrapes
            if not self._rates.logins.allows(f"bearer {request.remote}") and not right:
                raise Refused(429, "too many attempts; wait a minute")
            if right:
                return
            raise Refused(401, "wrong token")
        cookie, csrf_cookie = cookie_names(host)
        session = request.cookies.get(cookie, "")
        if not token.accepts(session):
            raise Refused(401, "expected the token: open the page and enter it, or send Authorization: Bearer TOKEN")
        if request.method not in SAFE and not token.accepts_csrf(session, request.headers.get(CSRF_HEADER, "")):
            raise Refused(403, f"expected the header {CSRF_HEADER} with the value of the cookie {csrf_cookie}")


def _elsewhere(origin: str, host: str) -> str:
    return (
        f"refused: the request came from a page at {origin[:100]}, not {host[:100]}; if this is a proxy's address, set "
        "[web] trust_proxy and have the proxy send X-Forwarded-Host, including the port"
    )


def cookie_names(host: str) -> tuple[str, str]:
    """The cookies of a session and of its CSRF value, each with the port by which the browser asked: cookies know no
    ports, so that two pages on one machine would log each other out. page/api.js and login.js make the same names.

    >>> cookie_names("raspberrypi.local:8095"), cookie_names("door.example:443")
    (('edge_emotion_8095', 'edge_emotion_csrf_8095'), ('edge_emotion', 'edge_emotion_csrf'))
    """
    port = name_and_port(host)[1]
    suffix = "" if port in ("", *USUAL_PORTS.values()) else f"_{port}"
    return COOKIE + suffix, CSRF_COOKIE + suffix

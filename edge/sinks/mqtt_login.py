"""Who logs in to the broker, and how: the password and the certificates. The password is never part of a message."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from edge.errors import SettingsError
from edge.password import password
from edge.setting import shown
from edge.settings import MqttSettings

CREDENTIAL = "mqtt-password"


@dataclass(frozen=True)
class Login:
    """Everything that a connection needs.

    Attributes:
        host, port: of the broker.
        client_id: names this device at the broker.
        user: or "" for none.
        password: or None; it is not shown when the value is printed.
        context: for TLS, or None.
    """

    host: str
    port: int
    client_id: str
    user: str = ""
    password: str | None = field(default=None, repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)


def login(settings: MqttSettings, client_id: str, environment: Mapping[str, str]) -> Login:
    """The login of the settings; files are read now.

    Raises:
        SettingsError: a file is missing or not what it should be, or settings contradict each other.
    """
    _expect_host(settings.host)
    secret = password(settings.password_file, CREDENTIAL, "[mqtt] password_file", environment)
    if secret is not None and not settings.user:
        raise SettingsError("[mqtt] password_file: a password needs a user; set [mqtt] user")
    if not settings.tls:
        for name in ("ca", "cert", "key"):
            if getattr(settings, name):
                raise SettingsError(f"[mqtt] {name}: used with TLS only; set [mqtt] tls = true")
    context = _context(settings) if settings.tls else None
    return Login(settings.host, settings.port, client_id, settings.user, secret, context)


def _expect_host(host: str) -> None:
    """Addresses with a scheme or a port are what other programs ask for."""
    try:
        ip_address(host)
    except ValueError:
        if not host or any(c in "/:@[]" or not c.isprintable() or c.isspace() for c in host):
            got = shown(host, secret="@" in host)
            raise SettingsError(
                f"[mqtt] host: expected only a name or an address, without mqtt:// and port, got {got}"
            ) from None


def _context(settings: MqttSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca or None)
    except (OSError, ValueError) as error:
        raise SettingsError(f"[mqtt] ca: {settings.ca}: not a PEM file of certificates ({_reason(error)})") from None
    if settings.key and not settings.cert:
        raise SettingsError("[mqtt] key: a key needs its certificate; set [mqtt] cert")
    if settings.cert:
        try:
            # A key with a passphrase cannot be asked for here.
            context.load_cert_chain(settings.cert, settings.key or None, password="")
        except (OSError, ValueError) as error:
            where = f"{settings.cert} and its key" if settings.key else settings.cert
            raise SettingsError(f"[mqtt] cert: {where}: cannot be used ({_reason(error)})") from None
    return context


def _reason(error: OSError | ValueError) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return str(reason or error)

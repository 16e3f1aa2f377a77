"""Who logs in to the broker, and how: the password and the certificates. The password is never part of a message."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import SettingsError
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
    secret = password(settings, environment)
    if secret is not None and not settings.user:
        raise SettingsError("[mqtt] password_file: a password needs a user; set [mqtt] user")
    if not settings.tls:
        for name in ("ca", "cert", "key"):
            if getattr(settings, name):
                raise SettingsError(f"[mqtt] {name}: used with TLS only; set [mqtt] tls = true")
    context = _context(settings) if settings.tls else None
    return Login(settings.host, settings.port, client_id, settings.user, secret, context)


def password(settings: MqttSettings, environment: Mapping[str, str]) -> str | None:
    """The first line of the password file; None where "auto" finds no systemd credential, or the setting is empty.

    Raises:
        SettingsError: the file cannot be read or is empty.
    """
    if settings.password_file == "auto":
        folder = environment.get("CREDENTIALS_DIRECTORY", "")
        path = Path(folder) / CREDENTIAL
        if not folder or not path.exists():
            return None
    elif settings.password_file:
        path = Path(settings.password_file)
    else:
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SettingsError(f"[mqtt] password_file: {path}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise SettingsError(f"[mqtt] password_file: {path}: not text in UTF-8") from None
    if not lines or not lines[0]:
        raise SettingsError(f"[mqtt] password_file: {path}: expected the password in the first line, got none")
    return lines[0]


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

"""Whether the broker would let us in, for `edge-emotion doctor`: one connection, then goodbye."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from edge.errors import Absent, MissingExtra, one_line
from edge.machine import pip_install
from edge.settings import Settings
from edge.sinks.mqtt_discovery import identifier
from edge.sinks.mqtt_login import login
from edge.sinks.mqtt_topics import Topics

WAIT_S = 10.0


class BrokerAbsent(Absent):
    """A broker that cannot be reached or refuses us; it may change its mind."""


def check(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """Connect once under another name, so that a running service keeps its connection; what was found.

    Raises:
        MissingExtra: paho-mqtt is not installed.
        SettingsError: a topic, the password file or a certificate is wrong.
        BrokerAbsent: the broker cannot be reached, refuses us, or does not answer.
    """
    try:
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError:
        raise MissingExtra(f"paho-mqtt is not installed; install it with: {pip_install('mqtt')}") from None

    topics = Topics.of(settings.mqtt)
    chosen = login(settings.mqtt, f"{identifier(topics.node)}-doctor", environment)
    where = f"{chosen.host}:{chosen.port}"
    answers: list[tuple[bool, str]] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, chosen.client_id)
    client.connect_timeout = WAIT_S / 2
    if chosen.user:
        client.username_pw_set(chosen.user, chosen.password)
    if chosen.context is not None:
        client.tls_set_context(chosen.context)
    client.on_connect = lambda _client, _data, _flags, code, *_: answers.append((code.is_failure, str(code)))
    try:
        client.connect(chosen.host, chosen.port)
        end = time.monotonic() + WAIT_S / 2
        while not answers and client.socket() is not None and time.monotonic() < end:
            client.loop(0.1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise BrokerAbsent(f"{where}: cannot connect ({reason})") from None
    client.disconnect()
    if not answers:
        raise BrokerAbsent(f"{where}: no answer; is this an MQTT broker?")
    refused, code = answers[0]
    if refused:
        raise BrokerAbsent(
            f"{where}: the broker refuses the connection ({code.lower()}); check [mqtt] user and password_file"
        )
    user = f" as {chosen.user}" if chosen.user else ""
    tls = "" if chosen.context is None else ", with TLS"
    return f"{where}: connected{user}{tls}; topics below {topics.base}"

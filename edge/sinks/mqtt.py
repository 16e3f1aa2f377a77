"""MQTT: events and states to a broker, announced to Home Assistant; pause and resume from there."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import edge
from edge import manifest
from edge.clock import Clock
from edge.errors import MissingExtra, ModelError
from edge.frame import Frame
from edge.labels import EMOTIONS, extra_labels
from edge.machine import pip_install
from edge.ports import FrameReport, Sink, Switch
from edge.settings import MqttSettings, Settings
from edge.sinks.mqtt_discovery import BIRTH, birth_topic, discovery_topic, document, identifier
from edge.sinks.mqtt_image import jpeg
from edge.sinks.mqtt_login import login
from edge.sinks.mqtt_topics import OFF, ON, Topics, states
from edge.sinks.outbox import Outbox
from edge.sinks.rate import FrameRate
from edge.sinks.situation import Situation
from edge.tasks import classifiers

_log = logging.getLogger(__name__)

STATES_S = 0.5  # how often the retained topics may change


class Connection(Protocol):
    """What delivers the outbox: edge.sinks.mqtt_connection.BrokerConnection, or a fake."""

    def start(self) -> None:
        """Begin."""
        ...

    def wake(self) -> None:
        """There is something new in the outbox."""
        ...

    def greet(self) -> None:
        """Announce the device again."""
        ...

    def close(self) -> None:
        """Deliver what is left, within a few seconds."""
        ...


class MqttSink:
    """The loop's side: it only puts things into the outbox.

    Args:
        topics: of this device.
        outbox: shared with the connection.
        clock: for the frame rate and for how often states change.
        prefix: Home Assistant's, for its birth message.
        image_s: seconds between pictures with a face in them; 0: none leaves.

    Attributes:
        name: "mqtt".
        connection: delivers the outbox; set before the first event.
    """

    name = "mqtt"

    def __init__(self, topics: Topics, outbox: Outbox, clock: Clock, prefix: str, image_s: float = 0.0) -> None:
        self._topics, self._outbox, self._clock, self._birth = topics, outbox, clock, birth_topic(prefix)
        self._image_s = image_s
        self._shown_at: float | None = None
        self._situation, self._rate = Situation(), FrameRate(clock)
        self._switch: Switch | None = None
        self._dropping = self._puzzled = False
        self._stated_at: float | None = None
        self.connection: Connection

    @property
    def dropped(self) -> int:
        """Events that were given up since the start."""
        return self._outbox.dropped

    def connect(self, switch: Switch | None, sinks: Sequence[Sink]) -> None:
        """Remember what pauses the camera."""
        self._switch = switch

    def write(self, event: Mapping[str, Any]) -> None:
        """Queue one event."""
        self._situation.write(event)
        fits = self._outbox.add(event)
        if not fits and not self._dropping:
            self._dropping = True
            _log.warning("mqtt: the queue is full; the oldest events are dropped until the broker takes them")

    def observe(self, report: FrameReport) -> None:
        """Take note of the faces of a frame."""
        self._rate.count()
        self._situation.observe(report)
        if self._image_s and self._situation.tracks and report.frame is not None:
            self._show(report.frame)

    def tick(self) -> None:
        """Say what is the case now, where that changed."""
        now = self._clock.monotonic()
        if self._stated_at is None or now - self._stated_at >= STATES_S:
            self._stated_at = now
            self._say()
            self._dropping = self._dropping and self._outbox.behind

    def close(self) -> None:
        """Deliver what is left, within a few seconds; what is not confirmed by then counts as dropped."""
        self._say()
        self.connection.close()
        if lost := self._outbox.give_up():
            _log.warning("mqtt: closed before the broker confirmed everything; events given up: %d", lost)

    def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """A message from the broker; called by the connection's thread."""
        if topic == self._birth:
            if payload == BIRTH.encode() and not retained:
                self.connection.greet()
        elif topic == self._topics.pause and not retained and self._switch is not None:
            # A retained command would pause the camera again at every start.
            command = payload.strip().upper()
            if command == ON.encode():
                self._switch.pause()
            elif command == OFF.encode():
                self._switch.resume()
            elif not self._puzzled:  # once: whoever may write there could fill the log
                self._puzzled = True
                _log.warning("mqtt: %s: expected %s or %s, got something else", topic, ON, OFF)

    def _show(self, frame: Frame) -> None:
        """Offer a picture, if one is due; it is encoded by the connection's thread."""
        now = self._clock.monotonic()
        if self._shown_at is None or now - self._shown_at >= self._image_s:
            self._shown_at = now
            self._outbox.show(lambda: jpeg(frame))

    def _say(self) -> None:
        values = states(self._situation, self._rate.per_second())
        self._outbox.say({self._topics(name): value for name, value in values.items()})


def greeting(settings: MqttSettings, topics: Topics, labels: Sequence[str] = EMOTIONS) -> dict[str, str]:
    """What each new connection announces: the device with these emotions, or that Home Assistant shall forget it."""
    text = json.dumps(document(topics, edge.__version__, labels, settings.image)) if settings.discovery else ""
    return {discovery_topic(settings.discovery_prefix, topics.node): text}


def emotions_of(settings: Settings) -> tuple[str, ...]:
    """The emotions that the models tell apart; the seven where there are no usable models, which `run` reports."""
    try:
        specs = manifest.load(Path(settings.models.dir) if settings.models.dir else None).specs
    except ModelError:
        return EMOTIONS
    labels = [label for task in classifiers(EMOTIONS) if task in specs for label in specs[task].labels]
    return (*EMOTIONS, *extra_labels(labels))


def open_mqtt(settings: Settings, clock: Clock, environment: Mapping[str, str] = os.environ) -> MqttSink:
    """The sink of the settings; the broker need not be there.

    Raises:
        MissingExtra: paho-mqtt is not installed.
        SettingsError: a topic, the password file or a certificate is wrong.
    """
    try:
        from edge.sinks.mqtt_connection import BrokerConnection
    except ImportError:
        raise MissingExtra(f"paho-mqtt is not installed; install it with: {pip_install('mqtt')}") from None

    chosen = settings.mqtt
    topics = Topics.of(chosen)
    # The outbox wakes the connection, which is made with the outbox.
    outbox = Outbox(chosen.queue, lambda: sink.connection.wake())
    sink = MqttSink(topics, outbox, clock, chosen.discovery_prefix, chosen.image_s if chosen.image else 0.0)
    sink.connection = BrokerConnection(
        login(chosen, identifier(topics.node), environment),
        outbox,
        status=topics("status"),
        events=topics("events"),
        greeting=greeting(chosen, topics, emotions_of(settings)),
        topics=(topics.pause, birth_topic(chosen.discovery_prefix)),
        received=sink.received,
        retry=(chosen.retry_s, chosen.retry_max_s),
        image=topics("image") if chosen.image else "",
    )
    sink.connection.start()
    return sink

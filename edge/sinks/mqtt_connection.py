"""The connection to a broker, in a thread of its own: everything that may wait is done here. Uses paho-mqtt."""

from __future__ import annotations

import contextlib
import json
import logging
import random
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.errors import one_line
from edge.journals.jsonl import rounded
from edge.sinks.mqtt_login import Login
from edge.sinks.mqtt_topics import OFFLINE, ONLINE, STOPPED
from edge.sinks.outbox import Outbox

_log = logging.getLogger(__name__)

QOS = 1
KEEPALIVE_S = 30
CONNECT_S = 5.0  # for the name, the connection and TLS
ANSWER_S = 10.0  # for the broker's answer
WAIT_S = 1.0  # the longest wait for something to do
MOST_ON_THE_WAY = 20
CLOSE_S = 3.0
# A Home Assistant that is busy with the announcement can miss the states that come with it.
REPEAT_S = 10.0


def back_off(first: float, most: float, tries: int, spread: float = 1.0) -> float:
    """Seconds to wait after so many failed tries in a row, counted from 1.

    Args:
        first, most: seconds.
        tries: counted from 1.
        spread: 0-1, random: it shortens the wait to a half at most, so that a thousand devices do not come at once.
    """
    return min(first * 2.0 ** min(tries - 1, 32), most) * (0.5 + 0.5 * spread)


class BrokerConnection:
    """Delivers an outbox to a broker, and connects again, less and less often, for as long as it takes.

    What goes wrong is logged once, and once more when it works again.

    Args:
        login: where to, and as whom.
        outbox: what to deliver; `wake` has to be called when it has something new.
        status: the topic that says online, stopped or offline (the broker says the latter for us).
        events: the topic of the events.
        greeting: retained messages for each new connection, by topic; an empty one removes what the topic said.
        topics: what to subscribe to.
        received: called with topic and payload of each message that is not an old, retained one; from this thread.
        retry: seconds: the first and the longest wait between two tries.
        image: the topic of pictures.
    """

    def __init__(
        self,
        login: Login,
        outbox: Outbox,
        *,
        status: str,
        events: str,
        greeting: Mapping[str, str],
        topics: tuple[str, ...],
        received: Callable[[str, bytes, bool], None],
        retry: tuple[float, float],
        image: str = "",
    ) -> None:
        self._login, self._outbox = login, outbox
        self._status, self._events, self._greeting, self._topics = status, events, dict(greeting), topics
        self._received, self._retry, self._image = received, retry, image
        self._where = f"mqtt: {login.host}:{login.port}"
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._closing = threading.Event()
        self._close_by = 0.0
        self._tries = 0
        self._logged: set[str] = set()  # reasons, since it worked last
        self._up_since: float | None = None  # monotonic time of the broker's answer
        self._refusal = ""
        self._said_drops = 0
        self._greet_again = False
        self._repeat_at: float | None = None  # monotonic time
        self._farewell: paho.MQTTMessageInfo | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do; never blocks."""
        with contextlib.suppress(OSError):  # full: it will wake up anyway
            self._writer.send(b"\0")

    def greet(self) -> None:
        """Send the greeting and all retained topics again; from `received`."""
        self._greet_again = True

    def close(self) -> None:
        """Deliver what can be delivered within CLOSE_S seconds, say goodbye, and end."""
        self._close_by = time.monotonic() + CLOSE_S
        self._closing.set()
        self.wake()
        # A name server that does not answer holds the thread; it ends with the process.
        self._thread.join(CLOSE_S + 1.0)
        if not self._thread.is_alive():
            self._reader.close()
            self._writer.close()

    def _run(self) -> None:
        while True:
            try:
                reason = self._session()
            except Exception as error:  # nothing may end this thread but close()
                _log.debug("%s", self._where, exc_info=True)
                reason = f"{type(error).__name__}: {one_line(error)}"
            self._outbox.lost_connection()
            if self._closing.is_set():
                return
            if reason not in self._logged:
                self._logged.add(reason)
                _log.warning("%s: %s; trying again until it works", self._where, reason)
            # A connection that does not last is a failed try: another device may have the same name.
            lasted = self._up_since is not None and time.monotonic() - self._up_since >= KEEPALIVE_S
            self._tries = 1 if lasted else self._tries + 1
            self._up_since = None
            if self._closing.wait(back_off(*self._retry, self._tries, random.random())):
                return

    def _session(self) -> str:
        """One connection from its beginning to its end; why it ended."""
        self._refusal, self._farewell = "", None
        client = self._client()
        try:
            try:
                client.connect(self._login.host, self._login.port, KEEPALIVE_S)
            except (OSError, ValueError) as error:
                return f"cannot connect ({getattr(error, 'strerror', None) or one_line(error)})"
            return self._talk(client)
        finally:
            if (left := client.socket()) is not None:
                left.close()

    def _client(self) -> paho.Client:
        login = self._login
        client = paho.Client(CallbackAPIVersion.VERSION2, login.client_id, clean_session=True)
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(1000)  # the outbox limits what is on the way
        if login.user:
            client.username_pw_set(login.user, login.password)
        if login.context is not None:
            client.tls_set_context(login.context)
        client.will_set(self._status, OFFLINE, QOS, retain=True)
        client.on_connect = self._connected
        client.on_publish = lambda _client, _data, number, *_: self._outbox.confirmed(number)
        client.on_message = lambda _client, _data, message: self._received(
            message.topic, bytes(message.payload), message.retain
        )
        return client

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._refusal = (
                f"the broker refuses the connection ({str(code).lower()}); check [mqtt] user and password_file"
            )
        else:
            self._up_since = time.monotonic()
            self._greet_again = True
            self._outbox.take_picture()  # one from before may be hours old
            self._report()

    def _report(self) -> None:
        """Log that it works again, if it did not, and what was lost meanwhile."""
        dropped = self._outbox.dropped - self._said_drops
        if self._logged:
            _log.warning("%s: connected again; events dropped meanwhile: %d", self._where, dropped)
        else:
            _log.info("%s: connected", self._where)
        self._said_drops = self._outbox.dropped
        self._logged.clear()

    def _talk(self, client: paho.Client) -> str:
        answer_by = time.monotonic() + ANSWER_S
        while (wire := client.socket()) is not None:
            self._wait(client, wire)
            if self._up_since is not None:
                if self._greet_again:
                    self._greet(client)
                elif self._repeat_at is not None and time.monotonic() >= self._repeat_at:
                    self._repeat_at = None
                    self._outbox.repeat()
                self._pump(client)
            elif not self._refusal and time.monotonic() > answer_by:
                return f"no answer within {ANSWER_S:g} s; is this an MQTT broker?"
            if self._closing.is_set() and self._end(client):
                return ""
            client.loop_misc()
        return self._refusal or "the connection was lost"

    def _wait(self, client: paho.Client, wire: Any) -> None:
        """Until there is something to read, something to send, or a second has passed."""
        buffered = getattr(wire, "pending", lambda: 0)() > 0  # TLS may hold bytes that the system does not see
        poll = select.poll()  # select() takes no descriptor above 1023
        poll.register(self._reader, select.POLLIN)
        poll.register(wire, select.POLLIN | (select.POLLOUT if client.want_write() else 0))
        wire_number = wire.fileno()
        ready = dict(poll.poll(0 if buffered else 1000 * WAIT_S))
        if self._reader.fileno() in ready:
            self._reader.recv(4096)
        happened = ready.get(wire_number, 0)
        if happened & ~select.POLLOUT or buffered:  # also where the other side is gone
            client.loop_read()
        if happened & select.POLLOUT:
            client.loop_write()

    def _greet(self, client: paho.Client) -> None:
        self._greet_again, self._repeat_at = False, time.monotonic() + REPEAT_S
        for topic in self._topics:
            client.subscribe(topic, QOS)
        for topic, payload in self._greeting.items():
            client.publish(topic, payload, QOS, retain=True)
        client.publish(self._status, ONLINE, QOS, retain=True)
        self._outbox.repeat()

    def _pump(self, client: paho.Client) -> None:
        """Send what the outbox has; at most so many are on the way at once, so a slow broker fills the outbox."""
        for topic, value in self._outbox.unsaid().items():
            client.publish(topic, value, QOS, retain=True)
        if self._image and (picture := self._outbox.take_picture()) is not None:
            # Not retained: the broker keeps no picture.
            client.publish(self._image, picture(), 0)
        while self._outbox.on_the_way < MOST_ON_THE_WAY and (waiting := self._outbox.take()) is not None:
            try:
                payload = json.dumps(rounded(waiting.event), ensure_ascii=False, allow_nan=False)
            except (TypeError, ValueError) as error:
                _log.warning("%s: an event cannot be sent (%s)", self._where, one_line(error))
                self._outbox.refused(waiting)
                continue
            info = client.publish(self._events, payload.encode("utf-8", "replace"), QOS)
            # The confirmation comes by loop_read, in this thread: never before this line.
            self._outbox.sent(info.mid, waiting)

    def _end(self, client: paho.Client) -> bool:
        """Take leave: the rest, then "stopped", then the farewell that keeps the broker from saying "offline"."""
        late = time.monotonic() > self._close_by
        if self._up_since is None:
            return late
        if self._farewell is None and (self._outbox.empty or late):
            self._farewell = client.publish(self._status, STOPPED, QOS, retain=True)
        if self._farewell is None or not (self._farewell.is_published() or late):
            return False
        client.disconnect()
        return True

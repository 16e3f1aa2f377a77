"""Many devices and one broker: `python -m tests.bench.fleet --devices 1000` runs their real sinks against mosquitto.

Each device has the product's own MQTT sink (outbox, connection and thread) and metrics; its camera is made up: visits
of 5 to 30 s, one or two minutes apart on average, during which the emotion changes now and then. A third of the way
through, the broker is killed, and is back after two thirds, without its memory. Time is real; a device is looked at
twice a second, which is how often its states may change. Everything is on this machine's loopback interface.

| figure | what it is |
|---|---|
| messages/s | events that the broker confirmed, and states sent, over the first third |
| kB/s | what the broker took from its sockets meanwhile, by $SYS |
| broker CPU, RSS | of mosquitto: seconds of processor time per second, over the first third; memory at its end |
| device CPU, RSS | of all devices, in this one process: per device; the interpreter and its libraries not counted |
| back | seconds from the broker's return until the last device is online again |
| written = delivered + dropped | events; the broker confirmed each one that is delivered |
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from edge.clock import Clock, SystemClock, rfc3339
from edge.daemon.firmware import Reading
from edge.face import Detection, Scene, Track
from edge.frame import Box
from edge.journals.events import events, note
from edge.labels import EMOTIONS
from edge.ports import FrameReport
from edge.settings import MqttSettings, Settings
from edge.sinks.metrics import MetricsSink
from edge.sinks.mqtt import open_mqtt
from tests.bench.processes import cpu_s
from tests.edge.sinks.mosquitto import PASSWORD, SINK, Broker, Listener

MOST_DEVICES, MOST_SECONDS = 5000, 600
STEP_S = 0.5
SAMPLE_S = 10.0
VISIT_S, PAUSE_S, MOOD_S = (5.0, 30.0), 90.0, 4.0
SETTLE_S = 3.0  # until the announcements are behind the broker and its counts
BACK_S = 600.0  # how long the last device may take
FILES = 5  # descriptors of a device here and at the broker: a connection's two ends, and what wakes its thread
STAGES = {"pipeline": 0.02, "events": 0.001, "screen": 0.0}
_KEPT: list[int] = []
BYTES = "$SYS/broker/bytes/received"


class Device:
    """The sinks of one device, and what its camera sees.

    Args:
        number: seeds what it sees, and names it.
        settings: of its connection.
        clock: real.
    """

    def __init__(self, number: int, settings: MqttSettings, clock: Clock) -> None:
        self._random, self._clock = random.Random(number), clock
        self.mqtt = open_mqtt(Settings(mqtt=settings), clock, {})
        self.metrics = MetricsSink(clock, Reading)
        self.metrics.connect(None, (self.mqtt, self.metrics))
        self.written = self.states = 0
        self._count_states()
        self._scene = Scene()
        self._visits = 0
        # Seconds since the start: the end of a pause or visit. Some are in the middle of a visit at the start.
        staying = sum(VISIT_S) / 2 / (PAUSE_S + sum(VISIT_S) / 2)
        self._until = 0.0 if self._random.random() < staying else self._random.expovariate(1 / PAUSE_S)
        self._mood_until = 0.0
        self._write(note("start", 0.0, version="fleet", models={}))

    def step(self, now: float) -> None:
        """One look, `now` seconds after the start."""
        tracks = self._scene.tracks
        if now >= self._until:
            tracks = () if tracks else (self._visitor(now),)
            self._until = now + (self._random.uniform(*VISIT_S) if tracks else self._random.expovariate(1 / PAUSE_S))
        elif tracks and now >= self._mood_until:
            tracks = (self._visitor(now, tracks[0]),)
        after = Scene(tracks=tracks, time=now)
        for each in events(self._scene, after, 640, 480, SAMPLE_S):
            self._write(each)
        self._scene = after
        for sink in (self.mqtt, self.metrics):
            sink.observe(FrameReport(after, STAGES))
            sink.tick()

    def _visitor(self, now: float, before: Track | None = None) -> Track:
        """A new visitor, or the same one in another mood."""
        self._visits += before is None
        self._mood_until = now + self._random.expovariate(1 / MOOD_S)
        mood = np.full(len(EMOTIONS), 0.05, np.float32)
        mood[self._random.randrange(len(EMOTIONS))] = 0.7
        seen = Detection(Box(100.0, 100.0, 180.0, 180.0), 0.9)
        since = now if before is None else before.since
        return Track(self._visits, seen, now, emotion=mood, since=since, refreshed=now)

    def _write(self, fields_: dict[str, object]) -> None:
        self.written += 1
        event = {"time": rfc3339(self._clock.wall()), **fields_}
        for sink in (self.mqtt, self.metrics):
            sink.write(event)

    def _count_states(self) -> None:
        """Count what the connection takes from the outbox: mosquitto's own count leaves retained messages out."""
        outbox = self.mqtt.connection._outbox  # type: ignore[attr-defined]
        unsaid = outbox.unsaid

        def counted() -> dict[str, str]:
            new = unsaid()
            self.states += len(new)
            return new  # type: ignore[no-any-return]

        outbox.unsaid = counted

    @property
    def delivered(self) -> int:
        """Events that the broker confirmed."""
        return self.mqtt.connection._outbox.delivered  # type: ignore[attr-defined]

    def close(self) -> None:
        """Say goodbye."""
        self.mqtt.close()
        self.metrics.close()


@dataclass(frozen=True)
class Load:
    """One run: numbers a second, MB, kB, seconds, milliseconds a second, bytes."""

    devices: int
    messages_s: float
    kb_s: float
    retained: int
    retained_bytes: int
    broker_cpu: float
    broker_mb: float
    device_cpu_ms: float
    device_kb: float
    page_bytes: int
    back_s: float
    written: int
    delivered: int
    dropped: int
    waiting: int


def run(count: int, seconds: float, folder: Path) -> Load:
    """So many devices for so many seconds, in three thirds."""
    secret = folder / "secret"
    secret.write_text(PASSWORD)
    _keep()
    broker = Broker(folder, None, "sys_interval 1", "max_connections -1", quiet=True).start()
    clock, base_kb, began = SystemClock(), _memory_kb(os.getpid()), time.monotonic()
    common = {"enabled": True, "host": "127.0.0.1", "port": broker.port, "user": SINK, "password_file": str(secret)}
    devices = [
        Device(n, MqttSettings(**common, node=f"device-{n:05}", retry_max_s=10.0), clock)  # type: ignore[arg-type]
        for n in range(count)
    ]
    try:
        _online(broker, devices, began)
        _play(devices, began, SETTLE_S)
        first, before = _taken(broker, devices), (cpu_s(broker.pid), cpu_s(os.getpid()), time.monotonic())
        _play(devices, began, seconds / 3)
        spent = time.monotonic() - before[2]
        broker_cpu, own_cpu = (cpu_s(pid) - cpu for pid, cpu in zip((broker.pid, os.getpid()), before, strict=False))
        last, broker_kb = _taken(broker, devices), _memory_kb(broker.pid)
        retained, retained_bytes = _retained(broker)
        device_kb = (_memory_kb(os.getpid()) - base_kb) / count
        broker.kill()
        _play(devices, began, seconds / 3)
        returned = time.monotonic()
        broker.start()
        _play(devices, began, seconds / 3)
        back_s = _online(broker, devices, began) - returned
        _drained(devices, began)
        page = len(devices[0].metrics.page())
        waiting = sum(not device.mqtt.connection._outbox.empty for device in devices)  # type: ignore[attr-defined]
    finally:
        for device in devices:
            device.mqtt.connection._closing.set()  # type: ignore[attr-defined]
        for device in devices:
            device.close()
        broker.kill()
        while _KEPT:
            os.close(_KEPT.pop())
    return Load(
        count, (last[0] - first[0]) / spent, (last[1] - first[1]) / spent / 1e3, retained, retained_bytes,
        broker_cpu / spent, broker_kb / 1e3, 1e3 * own_cpu / spent / count, device_kb, page, back_s,
        sum(d.written for d in devices), sum(d.delivered for d in devices), sum(d.mqtt.dropped for d in devices),
        waiting,
    )  # fmt: skip


def _play(devices: Sequence[Device], began: float, seconds: float) -> None:
    """Look at all devices, evenly spread over each step; where that takes longer than a step, as often as it goes."""
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        for n, device in enumerate(devices):
            device.step(time.monotonic() - began)
            early = now + STEP_S * (n + 1) / len(devices) - time.monotonic()
            if early > 0.001:
                time.sleep(early)


def _online(broker: Broker, devices: Sequence[Device], began: float) -> float:
    """Wait until all are connected; when the last one was, monotonic."""
    late = time.monotonic() + BACK_S
    while any(device.mqtt.connection._up_since is None for device in devices):  # type: ignore[attr-defined]
        if time.monotonic() > late:
            raise TimeoutError(f"not all devices are connected after {BACK_S:g} s")
        _play(devices, began, STEP_S)
    return max(device.mqtt.connection._up_since for device in devices)  # type: ignore[attr-defined]


def _drained(devices: Sequence[Device], began: float) -> None:
    """Wait until what was queued is delivered."""
    late = time.monotonic() + BACK_S
    while time.monotonic() < late and any(d.mqtt.connection._outbox.behind for d in devices):  # type: ignore[attr-defined]
        time.sleep(STEP_S)


def _listener(broker: Broker, topics: str = "#") -> Listener:
    """Another client, whose loop is paho's own: it takes no descriptor above 1023, so it gets those kept for it."""
    while _KEPT:
        os.close(_KEPT.pop())
    return Listener(broker, topics)


def _keep() -> None:
    """Take low descriptors, for the next listener."""
    _KEPT.extend(os.open("/dev/null", os.O_RDONLY) for _ in range(20 - len(_KEPT)))


def _taken(broker: Broker, devices: Sequence[Device]) -> tuple[int, int]:
    """Messages that were sent, and bytes that the broker took; the latter at most a second old."""
    listener = _listener(broker, BYTES)
    size = int(listener.next(BYTES)[1])
    listener.close()
    _keep()
    return sum(device.delivered + device.states for device in devices), size


def _retained(broker: Broker) -> tuple[int, int]:
    """How many messages the broker keeps for new subscribers, and the bytes of their payloads."""
    listener, count, size = _listener(broker), 0, 0
    listener.say("end", "of what is kept")
    while (message := listener.next())[0] != "end":
        count, size = count + message[2], size + message[2] * len(message[1].encode())
    listener.close()
    _keep()
    return count, size


def _memory_kb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


HEADS = {
    "devices": "{:d}", "messages/s": "{:.1f}", "kB/s": "{:.1f}", "retained": "{:d}", "bytes": "{:d}",
    "broker CPU": "{:.3f}", "broker RSS, MB": "{:.1f}", "CPU of a device, ms/s": "{:.2f}",
    "RSS of a device, kB": "{:.0f}", "metrics page, bytes": "{:d}", "back, s": "{:.1f}", "written": "{:d}",
    "delivered": "{:d}", "dropped": "{:d}",
    "not said": "{:d}",
}  # fmt: skip


def table(loads: Sequence[Load]) -> str:
    """A line for each run."""
    rows = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    for load in loads:
        values = (getattr(load, each.name) for each in fields(Load))
        cells = (form.format(value) for form, value in zip(HEADS.values(), values, strict=True))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 where an event is neither delivered nor counted as dropped."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fleet", description=__doc__.partition("\n")[0])
    parser.add_argument("--devices", type=int, nargs="+", default=[1, 10, 100, 1000], help=f"at most {MOST_DEVICES}")
    parser.add_argument("--seconds", type=float, default=90.0, help=f"of each run, at most {MOST_SECONDS}")
    arguments = parser.parse_args(argv)
    if not all(1 <= count <= MOST_DEVICES for count in arguments.devices) or not 3 <= arguments.seconds <= MOST_SECONDS:
        parser.error(f"expected 1 to {MOST_DEVICES} devices and 3 to {MOST_SECONDS} seconds")
    files = 200 + FILES * max(arguments.devices)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(files, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    logging.getLogger("edge").setLevel(logging.ERROR)
    loads = []
    for count in arguments.devices:
        with tempfile.TemporaryDirectory() as folder:
            loads.append(run(count, arguments.seconds, Path(folder)))
    print(table(loads))
    return int(any(load.written != load.delivered + load.dropped for load in loads))


if __name__ == "__main__":
    sys.exit(main())

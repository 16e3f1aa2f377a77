"""A real broker on a free loopback port, and somebody who listens: Debian's mosquitto, with password and TLS."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import ssl
import subprocess
import threading
import uuid
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.conftest import absent
from tests.ports import free_port

WAIT_S = 120.0  # reached only where something never happens
PASSWORD = "correct horse"
LISTENER = "listener"
SINK = "edge"


class Certificates:
    """A certificate authority, and a certificate for localhost; made by openssl."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.ca, self.cert, self.key = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
        self._openssl("req", "-x509", "-keyout", folder / "ca.key", "-out", self.ca, "-subj", "/CN=test authority")
        self._openssl(
            "req", "-x509", "-keyout", self.key, "-out", self.cert, "-subj", "/CN=localhost", "-CA", self.ca,
            "-CAkey", folder / "ca.key", "-addext", "subjectAltName=DNS:localhost",
        )  # fmt: skip

    @staticmethod
    def _openssl(command: str, *words: object) -> None:
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        subprocess.run(["openssl", command, *new, *map(str, words)], check=True, capture_output=True)


class Broker:
    """Mosquitto; it can be killed and started again on the same port."""

    def __init__(
        self, folder: Path, certificates: Certificates | None = None, *lines: str, quiet: bool = False
    ) -> None:
        self._program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if self._program is None:
            absent("no mosquitto here (Debian: sudo apt install mosquitto)")
        self.port, self.certificates = free_port(), certificates
        self._passwords, self._config = folder / "passwords", folder / "mosquitto.conf"
        config = [
            f"listener {self.port} 127.0.0.1", "allow_anonymous false", f"password_file {self._passwords}",
            "log_dest stderr", f"log_type {'information' if quiet else 'all'}",
        ]  # fmt: skip
        if os.geteuid() == 0:
            config.append("user root")  # else it may not read these files
        if certificates:
            config += [f"certfile {certificates.cert}", f"keyfile {certificates.key}"]
        self._config.write_text("\n".join((*config, *lines)) + "\n")
        self._child: subprocess.Popen[str] | None = None
        self._log: queue.Queue[str] = queue.Queue()  # its lines, "" at the end

    def admit(self, *users: str) -> None:
        """These users may log in, with PASSWORD; nobody else."""
        self._passwords.write_text("")
        self._passwords.chmod(0o600)
        for user in users:
            command = ["mosquitto_passwd", "-b", str(self._passwords), user, PASSWORD]
            subprocess.run(command, check=True, capture_output=True)
        if self._child:
            self._child.send_signal(signal.SIGHUP)

    def start(self, *users: str) -> Broker:
        """Start it; it takes connections when this returns."""
        self.admit(*(users or (LISTENER, SINK)))
        command = [str(self._program), "-c", str(self._config)]
        self._child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._log = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self._child, self._log), daemon=True)
        self._reader.start()
        self.wait_for(" running")
        return self

    def wait_for(self, words: str) -> str:
        """Read its log up to a line with these words."""
        seen = []
        while line := self._log.get(timeout=WAIT_S):
            seen.append(line)
            if words in line:
                return line
        raise AssertionError(f"mosquitto ended: {''.join(seen)}")

    def _read(self, child: subprocess.Popen[str], log: queue.Queue[str]) -> None:
        """Keep the pipe empty: a full one would stop the broker."""
        assert child.stderr is not None
        for line in child.stderr:
            log.put(line)
        log.put("")

    @property
    def pid(self) -> int:
        """Of the running broker."""
        assert self._child is not None
        return self._child.pid

    def freeze(self) -> None:
        """It no longer reads or answers; the system still takes connections and bytes for it."""
        if self._child:
            self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        if self._child:
            self._child.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a power cut does it."""
        if self._child:
            self._child.kill()
            self._child.wait()
            self._reader.join()
            assert self._child.stderr is not None
            self._child.stderr.close()
        self._child = None


class Listener:
    """Another client of the broker: it hears everything, and may speak."""

    def __init__(self, broker: Broker, topics: str = "#") -> None:
        self._heard: queue.Queue[tuple[str, str, bool]] = queue.Queue()
        ready: queue.Queue[None] = queue.Queue()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, f"listener-{uuid.uuid4().hex[:8]}")
        self._client.username_pw_set(LISTENER, PASSWORD)
        if broker.certificates:
            self._client.tls_set_context(ssl.create_default_context(cafile=str(broker.certificates.ca)))
        # QoS 0: the broker passes an event on before it confirms it, and never waits for this client.
        self._client.on_connect = lambda client, *_: client.subscribe(topics, 0)
        self._client.on_subscribe = lambda *_: ready.put(None)
        self._client.on_message = lambda _c, _d, m: self._heard.put(
            (m.topic, m.payload.decode(errors="surrogateescape"), m.retain)
        )
        self._client.connect("localhost", broker.port)
        self._client.loop_start()
        ready.get(timeout=WAIT_S)

    def next(self, topic: str = "", payload: str = "") -> tuple[str, str, bool]:
        """The next message whose topic ends so, with this payload if one is given: topic, payload, retained."""
        while True:
            message = self._heard.get(timeout=WAIT_S)
            if message[0].endswith(topic) and payload in ("", message[1]):
                return message

    def all(self, *topics: str) -> dict[str, tuple[str, bool]]:
        """The next message of each of these topics, in any order: payload and retained, by topic."""
        found: dict[str, tuple[str, bool]] = {}
        while set(topics) - set(found):
            topic, payload, retained = self.next()
            if topic in topics:
                found.setdefault(topic, (payload, retained))
        return found

    def heard(self) -> list[tuple[str, str, bool]]:
        """Everything that has come by now and was not asked for."""
        found = []
        while not self._heard.empty():
            found.append(self._heard.get())
        return found

    def event(self) -> dict[str, object]:
        """The next event."""
        return dict(json.loads(self.next("/events")[1]))

    def say(self, topic: str, payload: str, retain: bool = False) -> None:
        """Say it; the broker has it when this returns."""
        self._client.publish(topic, payload, 1, retain).wait_for_publish(WAIT_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

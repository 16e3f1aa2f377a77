"""The settings of what leaves the pipeline: journal, commands, MQTT, metrics and the page. See edge/settings.py."""

from __future__ import annotations

from dataclasses import dataclass

from edge.setting import setting


@dataclass(frozen=True)
class JournalSettings:
    """The record of events."""

    file: str = setting(
        "auto", "a file of JSON lines; '-': standard output; auto: the service's log folder, else standard output",
        flag="--journal", path=True,
    )  # fmt: skip
    sample_s: float = setting(10.0, "write a sample of each face this often", unit="s", low=0.1, high=86400)
    keep_days: int = setting(30, "delete files older than this", unit="days", low=1, high=36500)
    max_bytes: int = setting(
        10_000_000, "rotate a file that would grow larger than this", unit="bytes", low=4096, high=1e12
    )
    keep_files: int = setting(
        40, "number of rotated files to keep (at least one is written per day)", unit="files", low=1, high=10000
    )
    fsync_s: float = setting(1.0, "the most that a power cut can lose", unit="s", low=0, high=3600)


@dataclass(frozen=True)
class MakerSettings:
    """Hooks for your own code."""

    on_event: str = setting("", "a command that gets each event as JSON on its standard input; empty: none")
    on_event_timeout_s: float = setting(5.0, "kill the command after this long", unit="s", low=0.1, high=3600)
    on_event_max: int = setting(
        4, "run at most this many at once; further events are skipped", unit="commands", low=1, high=64
    )
    sinks: str = setting("", "event sinks of other packages, by name, separated by commas; empty: none")
    pause_file: str = setting(
        "auto",
        "the camera is off while this file exists; auto: a file named pause in the service's state folder",
        path=True,
        blank=True,
    )


@dataclass(frozen=True)
class MqttSettings:
    """Events and states for a message broker, such as Home Assistant's (extra: mqtt)."""

    enabled: bool = setting(False, "connect to the broker; no picture is sent unless image is true")
    host: str = setting("localhost", "name or address of the broker")
    port: int = setting(1883, "the broker's port: 1883, or 8883 with TLS", unit="TCP port", low=1, high=65535)
    user: str = setting("", "user name; empty: none")
    password_file: str = setting(
        "auto",
        "a file with the password; auto: the systemd credential mqtt-password, if there is one",
        path=True,
        blank=True,
    )
    tls: bool = setting(False, "encrypt the connection and check the broker's certificate")
    ca: str = setting("", "certificate authority of the broker, a PEM file; empty: the system's", path=True)
    cert: str = setting("", "client certificate, a PEM file; empty: none", path=True)
    key: str = setting("", "private key of the client certificate, a PEM file; empty: in the same file", path=True)
    node: str = setting("auto", "name of this device: letters, digits, - and _; auto: the host name")
    topic: str = setting("edge-emotion/<node>", "all topics are below this one; <node> is the name of this device")
    discovery: bool = setting(True, "announce the device to Home Assistant; false: remove it there")
    discovery_prefix: str = setting("homeassistant", "Home Assistant's prefix for discovery topics")
    image: bool = setting(
        False, "also send pictures, for an image in Home Assistant, while there is a face; never kept"
    )
    image_s: float = setting(10.0, "send a picture at most this often", unit="s", low=1, high=86400)
    queue: int = setting(
        1000, "events kept while the broker is unavailable; beyond that, the oldest are dropped", unit="events", low=1,
        high=100_000,
    )  # fmt: skip
    retry_s: float = setting(
        1.0, "wait this long before connecting again; doubles with each attempt", unit="s", low=0.1, high=60
    )
    retry_max_s: float = setting(60.0, "longest wait between two attempts", unit="s", low=0.1, high=3600)


@dataclass(frozen=True)
class MetricsSettings:
    """Metrics for Prometheus at /metrics (extra: metrics)."""

    enabled: bool = setting(False, "serve metrics: on the web page's port if that is on, else on port 9464")
    port: int = setting(
        0, "also serve them on this port, without a password, and switch them on; 0: see above", unit="TCP port", low=0,
        high=65535,
    )  # fmt: skip
    host: str = setting("127.0.0.1", "address for that port; 0.0.0.0: the whole network may read the metrics")
    token_file: str = setting(
        "auto",
        "file with a token that lets other machines read /metrics on the web page's port, and nothing else; created if "
        "missing; auto: metrics-token in the service's state folder",
        path=True,
        blank=True,
    )

    @property
    def on(self) -> bool:
        """Whether metrics are served at all."""
        return self.enabled or self.port != 0


@dataclass(frozen=True)
class WebSettings:
    """The web page."""

    enabled: bool = setting(False, "serve the page from the running service; needs the extra web")
    host: str = setting(
        "127.0.0.1", "address to serve on; 127.0.0.1: this machine only; 0.0.0.0: all networks, with a token"
    )
    port: int = setting(8095, "port to serve on; 0: any free one", unit="TCP port", low=0, high=65535)
    live: bool = setting(False, "show the live picture; false: everything but the picture")
    token_file: str = setting(
        "auto",
        "file with the token for other machines, created if missing; auto: web-token in the service's state folder",
        path=True,
        blank=True,
    )
    hosts: str = setting("", "further names by which browsers reach this machine, separated by commas; empty: none")
    trust_proxy: bool = setting(
        False, "trust X-Forwarded-Host and X-Forwarded-Prefix; use only behind a proxy that sets them"
    )
    proxy: str = setting(
        "", "answer only this address, a proxy whose users have logged in, such as 172.30.32.2 for Home Assistant's "
        "ingress: no token is asked for, and any name will do; empty: none",
    )  # fmt: skip
    frame: str = setting(
        "", "a site that may show the page in a frame, such as https://home.example:8123 or 'self'; empty: none"
    )

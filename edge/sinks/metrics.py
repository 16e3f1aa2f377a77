"""Metrics for Prometheus. The loop counts; the page is made when somebody asks for it, in another thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edge.clock import Clock
from edge.daemon import firmware
from edge.errors import MissingExtra
from edge.machine import pip_install
from edge.ports import FrameReport, Sink, Switch
from edge.settings import Settings
from edge.sinks.metrics_http import MetricsServer, try_address
from edge.sinks.rate import FrameRate
from edge.sinks.situation import Situation

if TYPE_CHECKING:
    from prometheus_client.core import Metric

# Seconds; from a fast PC to a Pi that is too slow.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.033, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5)
PREFIX = "edge_emotion"
PORT = 9464  # where neither the settings nor the web page have one


class MetricsSink:
    """Counts events and frames.

    Args:
        clock: for the frame rate.
        reading: heat and power; called when the page is made.

    Raises:
        MissingExtra: prometheus-client is not installed.
    """

    name = "metrics"

    def __init__(self, clock: Clock, reading: Callable[[], firmware.Reading] = firmware.read) -> None:
        self._prometheus = prometheus = library()
        self._reading, self._sinks = reading, tuple[Sink, ...]()
        self._situation, self._rate = Situation(), FrameRate(clock)
        self._last: dict[int, tuple[str, str]] = {}  # what each face showed: emotion and mask
        self._registry = registry = prometheus.CollectorRegistry()
        self._server: MetricsServer | None = None

        def counter(name: str, help: str, *labels: str) -> Any:
            return prometheus.Counter(f"{PREFIX}_{name}", help, labels, registry=registry)

        def gauge(name: str, help: str, *labels: str) -> Any:
            return prometheus.Gauge(f"{PREFIX}_{name}", help, labels, registry=registry)

        self._frames = counter("frames", "Frames processed")
        self._stages = prometheus.Histogram(
            f"{PREFIX}_stage_seconds", "Time that the work on a frame took, by stage", ("stage",), buckets=BUCKETS,
            registry=registry,
        )  # fmt: skip
        self._fps = gauge("fps", "Frames per second, over the last few seconds")
        self._present = gauge("faces", "Faces in sight")
        self._appeared = counter("faces_appeared", "Faces that appeared")
        self._emotions = counter("emotions", "How often a face began to show an emotion", "emotion")
        self._masks = counter("masks", "How often a face was first seen, or began to be seen, in this mask state",
                              "mask_state")  # fmt: skip
        self._losses = counter("camera_losses", "How often the camera was lost")
        self._camera = gauge("camera_up", "1 while the camera delivers frames; 0 while it is lost or paused")
        self._paused = gauge("paused", "1 while the camera is switched off")
        self._errors = counter("engine_failures", "How often a model could not be run")
        self._build = prometheus.Gauge(f"{PREFIX}_build_info", "The version", ("version",), registry=registry)
        self._models = prometheus.Gauge(
            f"{PREFIX}_model_info", "The models, with the first digits of their SHA-256", ("task", "sha256"),
            registry=registry,
        )  # fmt: skip
        registry.register(_Machine(self))
        prometheus.ProcessCollector(registry=registry)

    def serve(self, host: str, port: int) -> int:
        """Serve the page; the port.

        Raises:
            SettingsError: the address or the port cannot be used.
        """
        self._server = MetricsServer(host, port, self.page, self.content_type)
        return self._server.port

    def page(self) -> bytes:
        """All metrics, in Prometheus' text format."""
        return bytes(self._prometheus.generate_latest(self._registry))

    @property
    def content_type(self) -> str:
        """Of the page."""
        return str(self._prometheus.CONTENT_TYPE_LATEST)

    def connect(self, switch: Switch | None, sinks: Sequence[Sink]) -> None:
        """Remember the other sinks: what they dropped is a metric, too."""
        self._sinks = tuple(sinks)

    def write(self, event: Mapping[str, Any]) -> None:
        """Count one event."""
        self._situation.write(event)
        kind, what = event["event"], event.get("what")
        if kind == "start":
            self._build.labels(str(event.get("version", ""))).set(1)
            for task, sha256 in dict(event.get("models") or {}).items():
                self._models.labels(str(task), str(sha256)).set(1)
        elif kind in ("appeared", "changed"):
            self._appeared.inc(kind == "appeared")
            self._shown(event)
        elif kind == "left":
            self._last.pop(event["track"], None)
        elif what == "camera-lost":
            self._losses.inc()
        elif what == "engine-failed":
            self._errors.inc()
        if kind in ("health", "stop"):
            self._state()

    def observe(self, report: FrameReport) -> None:
        """Count one frame."""
        self._rate.count()
        self._situation.observe(report)
        self._frames.inc()
        for stage, seconds in report.seconds.items():
            self._stages.labels(stage).observe(seconds)
        self._present.set(len(self._situation.tracks))
        self._camera.set(1)

    def tick(self) -> None:
        """The frame rate sinks even where no frame comes."""
        self._fps.set(self._rate.per_second())

    def close(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.close()

    def machine(self) -> Iterable[Metric]:
        """What is read only when somebody asks: heat, power, and what the sinks dropped."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        reading = self._reading()
        if reading.celsius is not None:
            yield GaugeMetricFamily(f"{PREFIX}_temperature_celsius", "Temperature of the chip", reading.celsius)
        throttled = GaugeMetricFamily(f"{PREFIX}_throttled", "1 while this slows the machine down", labels=["cause"])
        for cause in firmware.NOW.values():
            throttled.add_metric([cause], float(cause in reading.now))
        yield throttled
        dropped = CounterMetricFamily(
            f"{PREFIX}_dropped_events", "Events that a sink could not deliver", labels=["sink"]
        )
        for sink in self._sinks:
            if hasattr(sink, "dropped"):
                dropped.add_metric([getattr(sink, "name", type(sink).__name__)], float(sink.dropped))
        yield dropped

    def _shown(self, event: Mapping[str, Any]) -> None:
        """Count what a face shows, where it showed something else before."""
        emotion = str(event.get("emotion") or event.get("reason") or "unsure")
        mask = str(event.get("mask_state"))
        before = self._last.get(event["track"], ("", ""))
        if emotion != before[0]:
            self._emotions.labels(emotion).inc()
        if mask != before[1]:
            self._masks.labels(mask).inc()
        self._last[event["track"]] = (emotion, mask)

    def _state(self) -> None:
        """After a health event or the end: what no frame will say."""
        if self._situation.paused or "camera-lost" in self._situation.problems:
            self._camera.set(0)
        self._paused.set(self._situation.paused)
        self._present.set(len(self._situation.tracks))


class _Machine:
    """What is not counted but asked for."""

    def __init__(self, sink: MetricsSink) -> None:
        self._sink = sink

    def collect(self) -> Iterable[Metric]:
        """The metrics of this moment."""
        return self._sink.machine()


def library() -> Any:
    """The module prometheus_client.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import prometheus_client
    except ImportError:
        raise MissingExtra(f"prometheus-client is not installed; install it with: {pip_install('metrics')}") from None
    return prometheus_client


def own_address(settings: Settings) -> tuple[str, int] | None:
    """Host and port that serve the metrics alone; None: only the web page's server does (edge/web)."""
    if settings.web.enabled and not settings.metrics.port:
        return None
    return settings.metrics.host, settings.metrics.port or PORT


def check(settings: Settings) -> str:
    """Where the metrics would be served, for `edge-emotion doctor`; the port is free again afterwards.

    Raises:
        MissingExtra, SettingsError: as `open_metrics`.
    """
    library()
    address = own_address(settings)
    if address is None:
        return "at /metrics of the web page"
    try_address(*address)
    return "http://{}:{}/metrics".format(*address)


def open_metrics(settings: Settings, clock: Clock) -> MetricsSink:
    """The sink of the settings. It serves its page from now on, unless only the web page's server does (edge/web).

    Raises:
        MissingExtra: prometheus-client is not installed.
        SettingsError: the address or the port cannot be used.
    """
    sink = MetricsSink(clock)
    if address := own_address(settings):
        sink.serve(*address)
    return sink

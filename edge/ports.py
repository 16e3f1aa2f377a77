"""What the loop needs from the world: small protocols that adapters implement, and fakes (edge.testing) too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from edge.face import Scene
from edge.frame import Frame
from edge.manifest import ModelSpec


class Camera(Protocol):
    """A source of frames.

    `live` says whether frames that came while the loop was busy may be dropped. Iterating yields frames until the
    source ends (files) or raises CameraTimeout or SourceError (live cameras); after an error the camera is closed and
    a new one opened. A live camera yields None where no frame came for a short while, so that the loop can do what
    else is due; `edge.cameras.frames` leaves those out. `close` returns soon, whatever a driver does; `stuck` then
    says that a thread is still inside the driver. One that ends may have `length`: how many frames there will be, or
    None.
    """

    live: bool

    @property
    def stuck(self) -> bool:
        """Whether a thread is still inside the driver after close()."""
        ...

    def __iter__(self) -> Iterator[Frame | None]: ...

    def close(self) -> None:
        """Release the source; returns soon."""
        ...


class Engine(Protocol):
    """A loaded model. Input uint8 (H, W, C) of the spec's size and colour, output float32 arrays in the head's order.

    Raises:
        InvalidValue: the image has another shape or type.
        EngineError: the model could not be run.
    """

    spec: ModelSpec

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """The model's answers, without the batch axis."""
        ...

    def close(self) -> None:
        """Release the model."""
        ...


@runtime_checkable
class TransposableEngine(Protocol):
    """A detector's engine that can be had for upright pictures, too."""

    def transposed(self) -> Engine | None:
        """The same network for pictures whose rows and columns are swapped; None where it cannot be made."""
        ...


class Pipeline(Protocol):
    """The part of edge.pipeline.pipeline.EmotionPipeline that the loop needs."""

    def __call__(self, before: Scene, frame: Frame) -> Scene:
        """What is known after a frame.

        Raises:
            EngineError: a model could not be run.
        """
        ...


@dataclass(frozen=True)
class Notice:
    """The words on a screen that are not about a face.

    Attributes:
        state: "no camera" or "paused" where there is no frame, else what is wrong ("dark picture"); empty: all is well.
        visitors: the line for visitors, from the settings; shown in every state.
    """

    state: str = ""
    visitors: str = ""

    def __str__(self) -> str:
        return " - ".join(part for part in (self.state, self.visitors) if part)


NO_NOTICE = Notice()


class Screen(Protocol):
    """Shows a frame and what is known about it; `frame` is None while there is no camera."""

    def show(self, frame: Frame | None, scene: Scene, notice: Notice = NO_NOTICE) -> None:
        """Show what is known now, the state and the line for visitors."""
        ...

    def tick(self) -> None:
        """Do what is due by time; called once in every turn of the loop, even while nothing new is shown."""
        ...

    def close(self) -> None:
        """Give the screen back."""
        ...


class Sink(Protocol):
    """A destination of events: a journal, a command, a message broker.

    An event is a mapping that JSON can hold, `time` (RFC 3339, UTC) first; a sink does not modify it. All calls come
    from the loop, so none may block: a sink that talks to the network has a bounded queue and a thread of its own. A
    sink that cannot deliver (a full disk) drops events and logs that once, it does not raise.
    """

    def write(self, event: Mapping[str, Any]) -> None:
        """Take one event; events come in their order."""
        ...

    def tick(self) -> None:
        """Do what is due by time, such as a flush; called once in every turn of the loop."""
        ...

    def close(self) -> None:
        """Deliver what is left and release everything."""
        ...


@dataclass(frozen=True)
class FrameReport:
    """What the loop did with one frame.

    Attributes:
        scene: what is known after it.
        seconds: how long the work took, by stage: "pipeline", "events" (to all sinks), "screen".
        frame: the frame itself, which nobody may change.
    """

    scene: Scene
    seconds: Mapping[str, float]
    frame: Frame | None = None


@runtime_checkable
class FrameObserver(Protocol):
    """A sink that also wants to know of every processed frame, beside its events; it may not block either."""

    def observe(self, report: FrameReport) -> None:
        """Take note of a frame; called after its events were written."""
        ...


class Switch(Protocol):
    """What pauses the camera; edge.daemon.control.Control is one. Its methods may be called from any thread."""

    def pause(self) -> None:
        """Switch the camera off."""
        ...

    def resume(self) -> None:
        """Switch the camera on again."""
        ...


@runtime_checkable
class ConnectedSink(Protocol):
    """A sink that uses other parts of the daemon; `edge.sinks.open_sinks` calls `connect` once all sinks are open."""

    def connect(self, switch: Switch | None, sinks: Sequence[Sink]) -> None:
        """Learn what there is: the switch, if this process has one, and all sinks by their order."""
        ...


@runtime_checkable
class MetricsPage(Protocol):
    """A sink with a page for Prometheus, which the web page's server also serves."""

    @property
    def content_type(self) -> str:
        """Of the page."""
        ...

    def page(self) -> bytes:
        """The page as it is now; called from any thread."""
        ...

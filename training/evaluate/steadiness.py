"""Steadiness on clips: how often the emotion's name changes, and tracks that are no face or a second box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.cameras import open_camera
from edge.clock import SystemClock
from edge.face import Scene
from edge.frame import Box
from edge.pipeline.pipeline import EmotionPipeline
from edge.settings import SourceSettings, TrackSettings
from edge.tasks import DAEMON
from training.data.fer2013 import DataError
from training.evaluate.context import EvaluationContext, Figure

EMPTY = "noface"  # clips whose name begins like this show nobody: each of their tracks is false
SECOND = 0.6  # of a box inside an older track's box, from which the younger track is a second box of one face
MOSTLY = 0.5  # part of its life that a track must be a second box


@dataclass
class Followed:
    """What one clip's tracks did.

    Attributes:
        seconds: by track, from the first to the last time it was seen.
        changes: by track, how often the emotion's name changed, `unsure` and `too small` being names, too.
        named: of these, changes from one named emotion to another.
        routes: of these tracks, how often the route changed.
        frames, second: by track, in how many frames it was seen, and in how many of these as a second box.
    """

    seconds: dict[int, float] = field(default_factory=dict)
    changes: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    named: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    routes: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    frames: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    second: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def take(self, before: Scene, after: Scene) -> None:
        """Add one step."""
        known = {track.id: track for track in before.tracks if track.refreshed is not None}
        older: list[Box] = []
        for track in after.tracks:
            if track.refreshed is None:
                continue
            self.seconds[track.id] = track.seen - track.since
            if (was := known.get(track.id)) is not None:
                self.changes[track.id] += (was.label, was.reason) != (track.label, track.reason)
                self.named[track.id] += bool(was.label and track.label and was.label != track.label)
                self.routes[track.id] += was.worn != track.worn
            if track.seen == after.time:
                self.frames[track.id] += 1
                self.second[track.id] += any(track.face.box.inside(box) >= SECOND for box in older)
                older.append(track.face.box)

    def second_boxes(self) -> int:
        """How many tracks were a second box on a face for most of their life."""
        return sum(self.second[track] > MOSTLY * self.frames[track] for track in self.frames)


def figure(context: EvaluationContext) -> Figure:
    """steadiness {changes_per_minute, false_tracks}; beside them the numbers, over all clips of the data folder."""
    values: dict[str, Any] = {"changes_per_minute": None, "false_tracks": None}
    told = context.take("steadiness", lambda: {path.stem: follow(context, path) for path in clips(context)})
    if not told:
        return Figure(values)
    seconds = sum(sum(one.seconds.values()) for one in told.values())
    false = sum(len(one.seconds) if name.startswith(EMPTY) else one.second_boxes() for name, one in told.items())
    minutes = max(seconds / 60, 1e-9)
    values |= {"changes_per_minute": sum(sum(one.changes.values()) for one in told.values()) / minutes}
    values |= {"named_changes_per_minute": sum(sum(one.named.values()) for one in told.values()) / minutes}
    values |= {"route_changes_per_minute": sum(sum(one.routes.values()) for one in told.values()) / minutes}
    values |= {"false_tracks": false, "tracks": sum(len(one.seconds) for one in told.values())}
    values |= {"track_minutes": minutes}
    return Figure(values)


def clips(context: EvaluationContext) -> Sequence[Path]:
    """The clips of the data folder, by name.

    Raises:
        DataError: there are none.
    """
    found = sorted(path for path in (context.data / "clips").glob("*") if path.suffix in (".mp4", ".mkv", ".webm"))
    if not found:
        raise DataError(f"{context.data / 'clips'}: no clip here; restore the data set")
    return found


def follow(context: EvaluationContext, path: Path) -> Followed:
    """What the tracks of a clip do, each frame processed whole, as `run` does with a clip."""
    face, mask, bare, masked = (context.engine(task) for task in DAEMON)
    pipeline = EmotionPipeline(face, mask, bare, masked, track=TrackSettings(detect_every=1, refresh_hz=0.0))
    scene, followed = Scene(), Followed()
    for count, frame in enumerate(open_camera(SourceSettings(source=str(path)), SystemClock())):
        if frame is None or (context.limit and count >= context.limit):
            break
        after = pipeline(scene, frame)
        followed.take(scene, after)
        scene = after
    return followed

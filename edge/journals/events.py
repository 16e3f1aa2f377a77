"""What is worth recording between one scene and the next. Pure: scenes in, events out.

An event is a mapping that JSON can hold, its keys in the order in which they are written; the loop adds the
time of day. `monotonic` is seconds on the source's own clock: a clip's time stamps, the monotonic clock for a camera.
"""

from __future__ import annotations

import math
from typing import Any

from edge.face import Scene, Track
from edge.records import DECIMALS, face_record

KINDS = ("start", "appeared", "changed", "sample", "left", "stop", "health")

Event = dict[str, Any]


def events(before: Scene, after: Scene, width: int, height: int, sample_s: float) -> list[Event]:
    """The events between two scenes, in the order of the tracks; those that left come first.

    A track appears once its mask and emotion were classified for the first time. `changed` says that its route, its
    mask or its emotion is another one. `sample` comes every `sample_s` seconds of a track's life.

    Args:
        before, after: one step of the EmotionPipeline.
        width, height: px of the frame, to which boxes are clipped.
        sample_s: seconds between samples.
    """
    known = {track.id: track for track in before.tracks if track.refreshed is not None}
    now = {track.id for track in after.tracks}
    found = [left(track, after.time, width, height) for track in known.values() if track.id not in now]
    for track in after.tracks:
        if track.refreshed is None:
            continue
        for kind in _kinds(known.get(track.id), track, before.time, after.time, sample_s):
            found.append(_of_track(kind, track, after.time, width, height))
    return found


def left(track: Track, time: float, width: int, height: int) -> Event:
    """The event that ends a track: its last state, and for how many `seconds` it was seen."""
    return {
        **_of_track("left", track, time, width, height),
        "seconds": round(max(track.seen - track.since, 0.0), DECIMALS),
    }


def note(kind: str, time: float, **fields: Any) -> Event:
    """An event that is not about a track: start, stop or health; `time` in seconds on the source's clock."""
    return {"monotonic": round(time, DECIMALS), "event": kind, **fields}


def _of_track(kind: str, track: Track, time: float, width: int, height: int) -> Event:
    return {**note(kind, time), "track": track.id, **face_record(track, width, height)}


def _kinds(before: Track | None, after: Track, time_before: float, time: float, sample_s: float) -> list[str]:
    if before is None:
        return ["appeared"]
    kinds = []
    if (before.worn, before.mask_state, before.label) != (after.worn, after.mask_state, after.label):
        kinds.append("changed")
    if _samples(after, time, sample_s) > _samples(after, time_before, sample_s):
        kinds.append("sample")
    return kinds


def _samples(track: Track, time: float, sample_s: float) -> int:
    """How many samples were due by then. The small addend allows for sums of frame times that fall just short."""
    return math.floor((time - track.since) / sample_s + 1e-6)

"""When work is due: detection every n-th frame, and a refresh rate that all tracks share. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edge.face import Scene, Track
from edge.frame import Frame

# However many frames a slow source skips, faces are detected again after this many seconds.
DETECT_AGAIN_S = 0.25


def detection_due(before: Scene, frame: Frame, detect_every: int) -> bool:
    """Whether `frame` is searched: every n-th, the first of a source, and after DETECT_AGAIN_S at the latest.

    Frames are counted by their index, so the frames that a live camera drops count as passed.
    """
    if before.looked is None or frame.index <= before.looked:
        return True
    late = frame.time - before.looked_at >= DETECT_AGAIN_S
    return late or frame.index - before.looked >= detect_every


def refresh_due(scene: Scene, live: Sequence[int], seconds: float, refresh_hz: float) -> list[int]:
    """Which tracks are refreshed in this frame: the oldest first, as many as the rate allows.

    Args:
        scene: the tracks.
        live: positions of the tracks that were found in the last detection.
        seconds: time since the frame before.
        refresh_hz: refreshes a second, shared by all tracks; 0: all of them in every frame.

    Returns:
        Positions in `scene.tracks`, those never refreshed first, then by the time of the last refresh.
    """
    waiting = sorted(live, key=lambda n: (_last_refresh(scene.tracks[n]), n))
    if refresh_hz <= 0:
        return waiting
    last = max((_last_refresh(known) for known in scene.tracks), default=-math.inf)
    # What the rate has earned since the last refresh, but no burst after a quiet time.
    cap = max(1, math.ceil(seconds * refresh_hz - 1e-6))
    earned = cap if last == -math.inf else math.floor((scene.time - last) * refresh_hz + 1e-6)
    return waiting[: max(0, min(earned, cap))]


def _last_refresh(known: Track) -> float:
    return -math.inf if known.refreshed is None else known.refreshed

"""Track faces from one detection to the next. Pure: a scene and a frame's detections in, a scene out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge.face import Detection, Scene, TentativeTrack, Track
from edge.frame import Box

LONGER = 4  # times as many detections are needed of a face below another one
BODY = 2.0  # heights of a face that the body below it is searched for false detections
INSIDE = 0.7  # a detection with this much of its box inside a tracked face is a part of that face, such as its eyes


def update(
    scene: Scene,
    faces: Sequence[Detection],
    time: float,
    match_iou: float,
    expire_s: float,
    min_hits: int = 1,
    sure_score: float = 1.0,
) -> Scene:
    """The scene after a detection at `time`.

    Tracks and detections are matched greedily, the pair with the largest overlap first. A track without a detection
    keeps its last place until it expires. A detection without a track becomes one once it was found often enough,
    because what a detector reports in a single frame is seldom a face; its id comes from the scene's serial.

    Args:
        scene: what was known.
        faces: the detections, in any order.
        time: seconds, of their frame.
        match_iou: intersection over union at which a detection belongs to a track, more than 0.
        expire_s: seconds unseen after which a track ends.
        min_hits: a face must be found in this many detections, of half as many again, to become a track; 1: at once.
        sure_score: a detection with this score, 0-1, becomes a track at once.

    Returns:
        A new scene; its tracks in the order of their ids.
    """
    pairs = match_greedy([track.face for track in scene.tracks], faces, match_iou)
    tracks = [
        replace(track, face=faces[pairs[n]], seen=time) if n in pairs else track
        for n, track in enumerate(scene.tracks)
        if n in pairs or time - track.seen <= expire_s
    ]
    taken = set(pairs.values())
    there = [faces[n].box for n in taken]
    rest = [face for n, face in enumerate(faces) if n not in taken and _apart(face, there)]
    known = update_tentative(scene.tentative, rest, time, match_iou)
    boxes = [track.face.box for track in tracks]
    fresh = [c for c in known if _confirmed(c, boxes, min_hits, sure_score)]
    waiting = tuple(c for c in known if c not in fresh and c.missed <= min_hits // 2 and time - c.seen <= expire_s)
    tracks += [Track(id=scene.serial + n, face=c.face, seen=time, since=c.since) for n, c in enumerate(fresh)]
    return replace(scene, time=time, tracks=tuple(tracks), serial=scene.serial + len(fresh), tentative=waiting)


def update_tentative(
    tentative: Sequence[TentativeTrack], faces: Sequence[Detection], time: float, match_iou: float
) -> list[TentativeTrack]:
    """The tentative tracks after one more detection, then the new ones; matched as tracks are."""
    pairs = match_greedy([one.face for one in tentative], faces, match_iou)
    updated = [
        replace(c, face=faces[pairs[n]], seen=time, found=c.found + 1)
        if n in pairs
        else replace(c, missed=c.missed + 1)
        for n, c in enumerate(tentative)
    ]
    taken = set(pairs.values())
    return updated + [TentativeTrack(face, time, time) for n, face in enumerate(faces) if n not in taken]


def _confirmed(tentative: TentativeTrack, tracked: Sequence[Box], min_hits: int, sure_score: float) -> bool:
    """Whether a tentative track becomes one. Below a tracked face, where hands and shirts are, it takes longer."""
    if min_hits > 1 and any(_below(tentative.face.box, box) for box in tracked):
        return tentative.found >= LONGER * min_hits
    return tentative.found >= min_hits or tentative.face.score >= sure_score


def _below(box: Box, face: Box) -> bool:
    """Whether a box lies on the body of the person whose face is known, and is no larger than that face."""
    shared = min(box.right, face.right + face.width / 2) - max(box.left, face.left - face.width / 2)
    near = face.bottom - 0.1 * face.height <= box.top <= face.bottom + BODY * face.height
    return near and shared > 0.5 * box.width and box.width <= 1.1 * face.width


def _apart(face: Detection, there: Sequence[Box]) -> bool:
    """Whether a detection lies inside none of the boxes."""
    return all(face.box.inside(box) <= INSIDE for box in there)


def expire(scene: Scene, time: float, expire_s: float) -> Scene:
    """The scene at `time` without the tracks that were last seen more than `expire_s` seconds before."""
    tracks = tuple(track for track in scene.tracks if time - track.seen <= expire_s)
    return replace(scene, time=time, tracks=tracks)


def match_greedy(before: Sequence[Detection], now: Sequence[Detection], match_iou: float) -> dict[int, int]:
    """Which earlier face became which: positions in `before` to positions in `now`, each used once at most.

    The most overlap goes first; of equal ones the earlier position.
    """
    overlaps = [(old.box.iou(new.box), i, j) for i, old in enumerate(before) for j, new in enumerate(now)]
    answer: dict[int, int] = {}
    taken: set[int] = set()
    for overlap, i, j in sorted(overlaps, key=lambda entry: (-entry[0], entry[1], entry[2])):
        if overlap <= 0 or overlap < match_iou:
            break
        if i not in answer and j not in taken:
            answer[i] = j
            taken.add(j)
    return answer

"""Follow faces from one detection to the next. Pure: a scene and the faces of a frame in, a scene out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge.face import Candidate, Face, Scene, Track
from edge.frame import Box

PART = 0.7  # of a box in another's face, from which it is a part of that face


def follow(
    scene: Scene,
    faces: Sequence[Face],
    time: float,
    match_iou: float,
    expire_s: float,
    confirm: int = 1,
    sure: float = 1.0,
) -> Scene:
    """The scene after a detection at `time`.

    Tracks and faces are matched greedily, the pair with the most overlap first. A track without a face keeps its last
    place until it expires. A face without a track becomes one once it was found often enough, its id taken from the
    scene's serial: what a detector sees in one frame only is seldom a face. What lies in a face that is followed, such
    as its eyes, is none.

    Args:
        scene: what was known.
        faces: what was found, in any order.
        time: seconds, of the frame in which they were found.
        match_iou: intersection over union from which a face is the track's, more than 0.
        expire_s: seconds unseen after which a track ends.
        confirm: in how many looks a face must be found to become a track, of half as many more; 1: at once.
        sure: a face of this score, 0-1, becomes a track at once.

    Returns:
        A new scene; tracks in the order of their ids.
    """
    pairs = matches([track.face for track in scene.tracks], faces, match_iou)
    tracks = [
        replace(track, face=faces[pairs[n]], seen=time) if n in pairs else track
        for n, track in enumerate(scene.tracks)
        if n in pairs or time - track.seen <= expire_s
    ]
    taken = set(pairs.values())
    there = [faces[n].box for n in taken]
    rest = [face for n, face in enumerate(faces) if n not in taken and _apart(face, there)]
    known = weigh(scene.candidates, rest, time, match_iou)
    fresh = [c for c in known if c.found >= confirm or c.face.score >= sure]
    waiting = tuple(c for c in known if c not in fresh and c.missed <= confirm // 2 and time - c.seen <= expire_s)
    tracks += [Track(id=scene.serial + n, face=c.face, seen=time, since=c.since) for n, c in enumerate(fresh)]
    return replace(scene, time=time, tracks=tuple(tracks), serial=scene.serial + len(fresh), candidates=waiting)


def weigh(candidates: Sequence[Candidate], faces: Sequence[Face], time: float, match_iou: float) -> list[Candidate]:
    """The candidates after one more look, then those that are new; the same matching as of tracks."""
    pairs = matches([candidate.face for candidate in candidates], faces, match_iou)
    weighed = [
        replace(c, face=faces[pairs[n]], seen=time, found=c.found + 1)
        if n in pairs
        else replace(c, missed=c.missed + 1)
        for n, c in enumerate(candidates)
    ]
    taken = set(pairs.values())
    return weighed + [Candidate(face, time, time) for n, face in enumerate(faces) if n not in taken]


def _apart(face: Face, there: Sequence[Box]) -> bool:
    """Whether a face lies in none of the boxes."""
    return all(face.box.inside(box) <= PART for box in there)


def expire(scene: Scene, time: float, expire_s: float) -> Scene:
    """The scene at `time` without the tracks that were last seen more than `expire_s` seconds before."""
    tracks = tuple(track for track in scene.tracks if time - track.seen <= expire_s)
    return replace(scene, time=time, tracks=tracks)


def matches(before: Sequence[Face], now: Sequence[Face], match_iou: float) -> dict[int, int]:
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

"""Track numbers for the faces of a clip. They are given when all its ranges are there, so ranges leave no seams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.face import Detection
from edge.frame import Box
from edge.vision.tracking import match_greedy


@dataclass(frozen=True)
class _Face:
    track: int
    seen: float
    face: Detection


class Linker:
    """Follows faces from one sampled frame to the next, by overlap as `edge-emotion run` does.

    Args:
        match_iou: overlap from which it is the same face, more than 0.
        hold_s: seconds unseen after which a track ends.
    """

    def __init__(self, match_iou: float, hold_s: float) -> None:
        self._match_iou, self._hold_s = match_iou, hold_s
        self._known: list[_Face] = []
        self._time = 0.0
        self.count = 0

    def link(self, time: float, boxes: Sequence[Box], cuts: Sequence[float] = ()) -> list[int]:
        """The track number of each box of a frame, from 1; frames come in the order of their times.

        Args:
            time: of the frame, seconds.
            boxes: its faces.
            cuts: the times at which new scenes begin; none of the tracks before goes on.
        """
        if any(self._time < cut <= time for cut in cuts):
            self._known = []
        self._time = time
        known = [face for face in self._known if time - face.seen <= self._hold_s]
        faces = [Detection(box, 1.0) for box in boxes]
        pairs = match_greedy([face.face for face in known], faces, self._match_iou)
        numbers = {j: known[i].track for i, j in pairs.items()}
        for place in range(len(faces)):
            if place not in numbers:
                self.count += 1
                numbers[place] = self.count
        rest = [face for n, face in enumerate(known) if n not in pairs]
        self._known = rest + [_Face(numbers[n], time, face) for n, face in enumerate(faces)]
        return [numbers[n] for n in range(len(faces))]

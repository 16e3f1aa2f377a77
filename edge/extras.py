"""What optional models see in a face beside mask and emotion: landmarks, and what gender it is taken for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.errors import InvalidValue
from edge.frame import Box
from edge.labels import GENDERS

POINTS = 68
DECIMALS = 4


@dataclass(frozen=True, eq=False)
class Extras:
    """What is known beside mask and emotion; of a face whose optional models are off, nothing.

    Attributes:
        points: smoothed float32 (68, 2), (x, y) of the iBUG landmarks as parts of the face's box; or None.
        gender: smoothed float32 (2,) that sums to 1, in the order of `edge.labels.GENDERS`; or None.
        sure: probability from which the gender is named.
    """

    points: np.ndarray | None = None
    gender: np.ndarray | None = None
    sure: float = 0.5

    def __post_init__(self) -> None:
        for name, shape in (("points", (POINTS, 2)), ("gender", (len(GENDERS),))):
            value = getattr(self, name)
            if value is not None and (value.shape != shape or not np.isfinite(value).all()):
                raise InvalidValue(f"face {name}: expected finite numbers of shape {shape}, got {value!r:.60}")

    @property
    def gender_label(self) -> str | None:
        """What the face is taken for, or None where that is not sure or not asked."""
        if self.gender is None or self.gender.max() < self.sure:
            return None
        return GENDERS[int(self.gender.argmax())]

    def landmarks(self, box: Box) -> np.ndarray | None:
        """The landmarks of a face in that box, float32 (68, 2), in the box's pixels; or None."""
        if self.points is None:
            return None
        placed = self.points * (box.width, box.height) + (box.left, box.top)
        return np.asarray(placed, np.float32)

    def record(self, box: Box) -> dict[str, Any]:
        """As JSON says it, `landmarks` in pixels and `gender` by label: only what is known."""
        told: dict[str, Any] = {}
        if (points := self.landmarks(box)) is not None:
            told["landmarks"] = [[round(float(x), 1), round(float(y), 1)] for x, y in points]
        if self.gender is not None:
            told["gender"] = {name: round(float(p), DECIMALS) for name, p in zip(GENDERS, self.gender, strict=True)}
        return told


NOTHING = Extras()

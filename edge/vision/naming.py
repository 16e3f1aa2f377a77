"""The name of a track's emotion, with hysteresis: a name changes when another is clearly ahead, not at every tie."""

from __future__ import annotations

import numpy as np

SIZE_HOLD = 1.15  # factor by which a face must outgrow, or fall below, the smallest size before that changes its state


def choose_emotion(named: int | None, fresh: bool, emotion: np.ndarray, confidence: float, hold: float) -> int | None:
    """The place of the emotion to name, or None where the answer is unsure.

    Args:
        named: the emotion named so far, or None.
        fresh: whether the track has had no answer yet: then there is nothing to hold on to.
        emotion: smoothed float32 (K,) that sums to 1.
        confidence: probability from which an emotion is named.
        hold: lead that another emotion needs to replace the one named; half of it is how far above `confidence` an
            unsure track must come. A named one may fall as far below as `hold`, but not below half of `confidence`.

    >>> choose_emotion(0, False, np.float32([0.45, 0.55]), confidence=0.35, hold=0.15)
    0
    >>> choose_emotion(0, False, np.float32([0.40, 0.60]), confidence=0.35, hold=0.15)
    1
    """
    best = int(np.argmax(emotion))
    if fresh:
        return best if emotion[best] >= confidence else None
    if named is None:
        return best if emotion[best] >= confidence + hold / 2 else None
    if emotion[best] - emotion[named] <= hold:
        return named if emotion[named] >= max(confidence - hold, confidence / 2) else None
    return best if emotion[best] >= confidence else None


def too_small(was_small: bool | None, side: float, smallest: float) -> bool:
    """Whether a face is too small to judge.

    Args:
        was_small: whether it was so far; None for a new face.
        side: the shorter side of its box, px.
        smallest: px.
    """
    if was_small is None:
        return side < smallest
    return side < (smallest * SIZE_HOLD if was_small else smallest / SIZE_HOLD)

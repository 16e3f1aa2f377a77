"""Exponential smoothing by seconds, so that the same face looks the same at 5 and at 30 frames a second."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

Value = TypeVar("Value", float, np.ndarray)


def weight(seconds: float, tau: float) -> float:
    """How much of a new value counts, 0-1: 1 - exp(-seconds / tau); 1 where tau is 0."""
    return 1.0 if tau <= 0 else -math.expm1(-max(seconds, 0.0) / tau)


def blend(before: Value | None, now: Value, seconds: float, tau: float) -> Value:
    """The smoothed value `seconds` after `before`; `now` itself where there is none before.

    Two steps of t seconds towards the same value are one step of 2 t, whatever the frame rate.

    Args:
        before: the smoothed value so far, a number or an array.
        now: the new measurement, of the same shape.
        seconds: time between the two; less than 0 counts as 0.
        tau: seconds in which 63 % of a step is followed; 0 switches smoothing off.
    """
    if before is None:
        return now
    share = weight(seconds, tau)
    smoothed: Value = before + (now - before) * share
    return smoothed

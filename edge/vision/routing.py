"""Which emotion model a face goes to: two thresholds, so that a mask half seen does not flicker."""

from __future__ import annotations


def choose(worn_before: bool | None, mask: float, on: float, off: float) -> bool:
    """True for the masked-face model (a Schmitt trigger).

    Args:
        worn_before: the route so far, or None for a face that has had none: then the middle of the two decides.
        mask: P(a mask is worn), 0-1.
        on: from here a bare face becomes a masked one.
        off: from here down a masked face becomes a bare one; at most `on`.
    """
    if worn_before is None:
        return mask >= (on + off) / 2
    return mask > off if worn_before else mask >= on

"""The state of a mask and the emotion model that follows from it: two thresholds each, so that nothing flickers."""

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


INCORRECT_ON, INCORRECT_OFF = 0.55, 0.4  # part of P(mask) that is for one below the nose or on the chin


def mask_state(before: str | None, mask: float, incorrect: float, on: float, off: float) -> str:
    """ "none", "worn" or "incorrect".

    Args:
        before: the state so far, or None for a face that has had none.
        mask: P(a mask is worn in any way), 0-1.
        incorrect: P(it is worn below the nose or on the chin), 0-1; a part of `mask`.
        on, off: the thresholds of `choose`, for a mask of any kind.

    >>> mask_state(None, 0.9, 0.8, on=0.6, off=0.4), mask_state("worn", 0.1, 0.0, on=0.6, off=0.4)
    ('incorrect', 'none')
    """
    if not choose(None if before is None else before != "none", mask, on, off):
        return "none"
    known = None if before in (None, "none") else before == "incorrect"
    wrong = choose(known, incorrect / max(mask, 1e-6), INCORRECT_ON, INCORRECT_OFF)
    return "incorrect" if wrong else "worn"
